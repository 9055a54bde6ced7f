//! WeChat's error codes, sorted by what can be done about them.

/// Who has to act on an `errcode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The access_token is missing, malformed, expired or replaced. (From a token endpoint, 40001 is a wrong secret.)
    Token,
    /// The app, its secret, its allow list or its permissions: the operator.
    Configuration,
    /// The member: log in again, press the button again.
    User,
    /// Nobody: it passes.
    Retry,
    /// Whoever calls too often: wait for the next minute or day.
    Limit,
    /// The request is wrong: a defect of the caller.
    Parameter,
    /// WeChat does not allow it to this person or account.
    Denied,
    /// A code that is not in the table.
    Unknown,
}

/// The codes that stand alone (WeChat: 全局返回码 and the pages of the single interfaces).
const TABLE: [(Class, &[i64]); 7] = [
    (Class::Token, &[40001, 40014, 41001, 42001]),
    (
        Class::Configuration,
        &[
            40002, 40013, 40125, 40164, 40243, 48001, 48017, 50002, 50004, 50007, 61004, 61007, 89002, 89503, 89506,
            89507,
        ],
    ),
    (Class::User, &[40029, 40163, 42007, 43101, 61010, 87007, 87009]),
    (Class::Retry, &[-1, 43108, 61080]),
    (Class::Limit, &[44990, 44991, 44993, 45009, 45011, 45029, 45047, 48006, 61081, 87020]),
    (
        Class::Parameter,
        &[
            1, 40003, 40004, 40006, 40007, 40009, 40016, 40033, 40035, 40037, 40066, 40097, 40129, 40159, 40165, 40169,
            40212, 41002, 41004, 41008, 41009, 41030, 43002, 44002, 45002, 45008, 45072, 45080, 45081, 47001, 47003,
            76021, 76022, 85096, 85401, 85402, 87008, 89300,
        ],
    ),
    (Class::Denied, &[40200, 40226, 43104, 43107, 45015, 45168, 48004, 70000, 85079, 87014]),
];

impl Class {
    pub(crate) fn of(errcode: i64) -> Self {
        match errcode {
            40230..=40240 => Self::Configuration,
            1000..=1022 | 76001..=76004 => Self::Parameter,
            85406..=85408 => Self::Limit,
            _ => TABLE.iter().find(|(_, codes)| codes.contains(&errcode)).map_or(Self::Unknown, |(class, _)| *class),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, TABLE};

    #[test]
    fn each_code_of_a_login_server_says_who_has_to_act() {
        let table: [(Class, &[i64]); 8] = [
            (Class::Token, &[40001, 40014, 41001, 42001]),
            (Class::Configuration, &[40013, 40125, 40164, 40230, 40240, 40243, 48001, 50007, 61004, 89503]),
            (Class::User, &[40029, 40163, 87007, 87009]),
            (Class::Retry, &[-1]),
            (Class::Limit, &[44990, 45009, 45011]),
            (Class::Parameter, &[1, 1000, 1022, 40003, 40097, 41002, 41008, 43002, 44002, 47001, 87008]),
            (Class::Denied, &[40226, 43104, 48004]),
            (Class::Unknown, &[0, 2, 1023, 40229, 40241, 99999, i64::MIN]),
        ];
        for (class, codes) in table {
            for code in codes {
                assert_eq!(Class::of(*code), class, "{code}");
            }
        }
    }

    #[test]
    fn no_code_has_two_classes() {
        for (class, codes) in TABLE {
            for code in codes {
                assert_eq!(Class::of(*code), class, "{code}");
            }
        }
    }
}
