//! The causes in Chinese.

use super::{Cause, Field};
use crate::Repair;

pub(super) fn sentence(cause: &Cause) -> String {
    match cause {
        Cause::Opens => "数据可以正常解密，没有问题。".into(),
        Cause::Repaired(repair) => format!("数据可以解密，但要先还原传输中的损坏：{}。", damage(*repair)),
        Cause::OlderSessionKey => "数据是用较早的 session_key 加密的：数据生成之后该用户又登录过。".into(),
        Cause::StaleSessionKey => {
            "现有的 session_key 都解不开：微信已经换了密钥（多半是又调用了 wx.login 而 code 没有在这里换取），\
             或者数据属于别的用户或别的小程序。"
                .into()
        }
        Cause::NoSessionKey => "没有可用的 session_key。".into(),
        Cause::Absent(field) => format!("{field} 是空的：用户拒绝了授权，或者客户端只给了 code。"),
        Cause::Escaped(field) => {
            format!(
                "{field} 里还留着 JSON 的转义或引号（如 \\/、\\u003d）：它是用字符串截取得到的，没有经过 JSON 解析。"
            )
        }
        Cause::EncodedTwice(field) => format!("{field} 被 URL 编码了不止一次。"),
        Cause::NotBase64(field) => format!("{field} 不是 base64，常见的传输损坏也解释不了。"),
        Cause::Length { field, bytes } => format!(
            "{field} 解码后是 {bytes} 字节，应当是{}。",
            if *field == Field::EncryptedData { " 16 字节的整数倍且不为空" } else { " 16 字节" }
        ),
        Cause::SessionKeyDamaged(repair) => format!("session_key 在取得之后被改动了：{}。", damage(*repair)),
        Cause::IvAndDataSwapped => "encryptedData 和 iv 填反了。".into(),
        Cause::IvAndKeySwapped => "iv 和 session_key 填反了。".into(),
        Cause::WrongIv => "session_key 是对的，但 iv 属于另一次调用：只有前 16 字节读不出来。".into(),
        Cause::CutOrAltered => {
            "session_key 和 iv 都对，但 encryptedData 在途中被截断或改动了：开头正确，结尾不对。".into()
        }
        Cause::PaddedTo32 => "数据按 32 字节填充（消息推送的做法）而不是 16 字节：微信的开放数据不会是这样。".into(),
        Cause::NotJson => "解密得到的文本不是 JSON 对象：这不是微信生成的数据。".into(),
        Cause::UnknownContent => "解密得到的 JSON 不属于这里处理的任何一类。".into(),
        Cause::Schema { kind } => {
            format!("看起来是 {}，但字段、类型或取值与微信发出的不同，伪造的数据就是这样。", kind.as_str())
        }
        Cause::OtherKind { wanted, found } => {
            format!("这是 {} 的数据，却发到了需要 {} 的地方。", found.as_str(), wanted.as_str())
        }
        Cause::OtherApp { appid } => format!("数据属于另一个小程序 {appid:?}。"),
        Cause::TooOld { seconds } => format!("数据是 {seconds} 秒前生成的，最多允许 300 秒。"),
        Cause::FromTheFuture { seconds } => format!("水印时间比本机时钟快 {seconds} 秒，最多允许 60 秒。"),
    }
}

pub(super) fn cure(cause: &Cause) -> String {
    match cause {
        Cause::Opens => "无需处理。".into(),
        Cause::Repaired(repair) => transport_cure(*repair).into(),
        Cause::OlderSessionKey => {
            "在显示按钮之前调用 wx.login，不要在按钮回调里调用；旧密钥保留几分钟，或改用按钮给的 code。".into()
        }
        Cause::StaleSessionKey => {
            "调用 wx.login 并把 code 发到这里，再请用户点一次；取手机号可改用按钮给的 code，完全不需要 session_key。"
                .into()
        }
        Cause::NoSessionKey => "先用 wx.login 的 code 调用 code2Session，并保存返回的 session_key。".into(),
        Cause::Absent(_) => "客户端发送前先检查 errMsg；没有 encryptedData 时改发 detail.code。".into(),
        Cause::Escaped(_) => "微信的应答和客户端的请求都用 JSON 解析器读取，不要用字符串函数截取。".into(),
        Cause::EncodedTwice(_) => {
            "只编码一次：wx.request 会自己编码表单数据，之前不要再调用 encodeURIComponent。".into()
        }
        Cause::NotBase64(_) => "把回调给的文本原样放进 JSON 请求体发送。".into(),
        Cause::Length { .. } => "检查截断文本的数据库字段、URL 或日志，并改用 JSON 请求体发送。".into(),
        Cause::SessionKeyDamaged(_) => {
            "session_key 按 code2Session 返回的原样保存在服务器上，不要经过 URL、表单或客户端。".into()
        }
        Cause::IvAndDataSwapped | Cause::IvAndKeySwapped => "把各个参数放回自己的位置。".into(),
        Cause::WrongIv => "encryptedData 和 iv 要用同一次回调的，一起发送。".into(),
        Cause::CutOrAltered => "用 JSON 请求体完整发送，并检查哪个字段或长度限制截断了它。".into(),
        Cause::PaddedTo32 => "如果是自己的程序生成的，开放数据应按 16 字节填充；否则拒绝。".into(),
        Cause::NotJson => "使用客户端直接给出的数据，不要用文章里的或改动过的样例。".into(),
        Cause::UnknownContent => "只发到处理该接口的地方；这里处理手机号、用户信息、微信运动、转发和群聊。".into(),
        Cause::Schema { .. } => "拒绝它；需要手机号时改用 getPhoneNumber 按钮给的 code。".into(),
        Cause::OtherKind { .. } => "把这个路由对应的那次调用的数据发来。".into(),
        Cause::OtherApp { .. } => "每个小程序用自己的 appid 登录，只用该会话解密它的数据。".into(),
        Cause::TooOld { .. } => "拿到数据后立即发送；存放过的请用户再点一次。".into(),
        Cause::FromTheFuture { .. } => "用 NTP 校准本机时钟。".into(),
    }
}

fn damage(repair: Repair) -> &'static str {
    match repair {
        Repair::PercentEncoded => "URL 编码没有解开",
        Repair::LineBreaks => "混进了换行",
        Repair::SpaceForPlus => "+ 变成了空格",
        Repair::UrlSafeAlphabet => "+ 和 / 变成了 - 和 _",
        Repair::MissingPadding => "末尾的 = 丢失了",
    }
}

fn transport_cure(repair: Repair) -> &'static str {
    match repair {
        Repair::PercentEncoded => "用 JSON 请求体发送，或者表单只解码一次。",
        Repair::LineBreaks => "按回调给的原样发送，不要重新编码。",
        Repair::SpaceForPlus => "用 JSON 请求体发送；放进表单或 URL 时先用 encodeURIComponent 编码。",
        Repair::UrlSafeAlphabet | Repair::MissingPadding => "按回调给的原样发送，中间不要经过 URL 安全的编码器。",
    }
}
