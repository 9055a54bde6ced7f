//! How things stand when `/metrics` is asked: read then, and kept nowhere.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeLabelSet, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use wx_client::WeChat;
use wxgate_store::{Distribution, Figures, Store};

use super::backups::{Ages, Watched};
use super::process;
use super::requests::Listeners;

type Written = fmt::Result;
type Exemplars = HashMap<usize, Exemplar<NoLabelSet, f64>>;

/// Whom to ask.
pub struct Standing {
    pub wechat: Arc<dyn WeChat>,
    pub store: Arc<dyn Store>,
    pub listeners: Arc<Listeners>,
    pub dropped: Arc<AtomicU64>,
    pub backups: Watched,
}

impl fmt::Debug for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Standing").finish_non_exhaustive()
    }
}

impl Collector for Standing {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Written {
        let mut page = Page(encoder);
        page.gauge("wxgate_build_info", "The version that runs", &[("version", env!("CARGO_PKG_VERSION"))], &1_i64)?;
        page.store(&self.store.figures())?;
        page.backups(self.backups.ages())?;
        page.wechat(self.wechat.as_ref())?;
        page.requests(&self.listeners)?;
        let dropped = self.dropped.load(Relaxed);
        page.counter(
            "wxgate_failed_requests_dropped",
            "Failed requests that are in no list, for want of room",
            dropped,
        )?;
        page.process()
    }
}

struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    fn of(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        write: impl FnOnce(MetricEncoder<'_>) -> Written,
    ) -> Written {
        write(self.0.encode_descriptor(name, help, None, kind)?)
    }

    fn gauge(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: &impl EncodeGaugeValue) -> Written {
        self.of(name, help, MetricType::Gauge, |mut metric| {
            if labels.is_empty() {
                metric.encode_gauge(value)
            } else {
                metric.encode_family(&labels)?.encode_gauge(value)
            }
        })
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> Written {
        self.of(name, help, MetricType::Counter, |mut metric| metric.encode_counter::<NoLabelSet, _, f64>(&value, None))
    }

    fn histogram(&mut self, name: &str, help: &str, values: &Distribution) -> Written {
        // The last bound is written as infinity when it is the largest number.
        let bound = |bound: f64| if bound.is_finite() { bound } else { f64::MAX };
        let buckets: Vec<_> = values.buckets.iter().map(|(upper, count)| (bound(*upper), *count)).collect();
        let none: Option<&Exemplars> = None;
        self.of(name, help, MetricType::Histogram, |mut metric| {
            metric.encode_histogram(values.sum, values.count, &buckets, none)
        })
    }

    fn store(&mut self, figures: &Figures) -> Written {
        self.gauge(
            "wxgate_sessions",
            "Sessions in memory; those that ended stay for some minutes",
            &[],
            &figures.sessions,
        )?;
        self.gauge("wxgate_writes_waiting", "Writes in the queue", &[], &figures.waiting)?;
        self.gauge("wxgate_writes_waiting_limit", "Writes that may wait: one more is refused", &[], &figures.queue)?;
        self.gauge("wxgate_wal_bytes", "Size of the write-ahead log", &[], &figures.log_bytes)?;
        self.gauge("wxgate_database_bytes", "Size of the database file", &[], &figures.database_bytes)?;
        if let Some(free) = figures.free_bytes {
            self.gauge("wxgate_disk_free_bytes", "Room on the disk of the database", &[], &free)?;
        }
        self.histogram("wxgate_write_batch_size", "Writes that were committed together", &figures.batches)?;
        self.histogram("wxgate_write_commit_seconds", "How long a batch of writes took", &figures.commits)?;
        self.counter(
            "wxgate_write_batches_undone",
            "Batches that were undone, most for want of room",
            figures.rolled_back,
        )?;
        self.counter("wxgate_writes_in_doubt", "Batches whose outcome is unknown; the process ends", figures.in_doubt)
    }

    fn backups(&mut self, ages: Ages) -> Written {
        if let Some(age) = ages.created {
            self.gauge("wxgate_backup_age_seconds", "Since the last backup was made; absent: never", &[], &age)?;
        }
        if let Some(age) = ages.verified {
            let help = "Since a backup was last restored to see whether it is good; absent: never";
            self.gauge("wxgate_backup_verified_age_seconds", help, &[], &age)?;
        }
        Ok(())
    }

    fn wechat(&mut self, wechat: &dyn WeChat) -> Written {
        let figures = wechat.figures();
        self.of(
            "wxgate_wechat_paused",
            "1: WeChat does not answer and is asked but rarely",
            MetricType::Gauge,
            |mut metric| {
                figures.paused.iter().try_for_each(|(calls, is_paused)| {
                    metric.encode_family(&[("calls", *calls)])?.encode_gauge(&i64::from(*is_paused))
                })
            },
        )?;
        let help = "Time that is left to the access_token at hand; renewed below 300";
        self.of("wxgate_access_token_remaining_seconds", help, MetricType::Gauge, |mut metric| {
            figures.tokens.iter().try_for_each(|(appid, left)| {
                metric.encode_family(&[("appid", appid.as_str())])?.encode_gauge(&left.as_secs_f64())
            })
        })
    }

    fn requests(&mut self, listeners: &Listeners) -> Written {
        let listeners = listeners.all();
        self.of(
            "wxgate_http_requests",
            "Requests by endpoint and class of status",
            MetricType::Counter,
            |mut metric| {
                for listener in &listeners {
                    for (method, path, class, count) in listener.answers() {
                        let labels =
                            [("listener", listener.listener), ("method", method), ("path", path), ("status", class)];
                        counter_of(&mut metric, &labels, count)?;
                    }
                }
                Ok(())
            },
        )?;
        self.of("wxgate_connections", "Open connections", MetricType::Gauge, |mut metric| {
            listeners.iter().try_for_each(|listener| {
                metric.encode_family(&[("listener", listener.listener)])?.encode_gauge(&listener.open())
            })
        })
    }

    fn process(&mut self) -> Written {
        let Some(process) = process::read() else { return Ok(()) };
        self.gauge("process_resident_memory_bytes", "Memory in use", &[], &process.resident_bytes)?;
        self.gauge("process_open_fds", "Open files", &[], &process.open_files)?;
        self.gauge("process_start_time_seconds", "When the process began, in Unix seconds", &[], &process.started_at)?;
        self.of("process_cpu_seconds", "Processor time", MetricType::Counter, |mut metric| {
            metric.encode_counter::<NoLabelSet, _, f64>(&process.cpu_seconds, None)
        })
    }
}

fn counter_of(metric: &mut MetricEncoder<'_>, labels: &impl EncodeLabelSet, count: u64) -> Written {
    metric.encode_family(labels)?.encode_counter::<NoLabelSet, _, f64>(&count, None)
}
