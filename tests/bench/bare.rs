//! The measure of the others: one warp route that knows nothing and answers 200 with nothing, behind the least accept
//! loop there is. Same runtime, same HTTP, same build as the server; whatever the server takes longer, is its own.
//!
//! `bench-bare ADDR`

use std::error::Error;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use warp::Filter;
use warp::http::StatusCode;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).ok_or("usage: bench-bare ADDR")?;
    let listener = TcpListener::bind(&address).await?;
    let route = warp::path!("bare").and(warp::get()).map(|| StatusCode::OK);
    let service = TowerToHyperService::new(warp::service(route));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        // A connection that breaks is the load's affair: it counts its own errors.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
