INSERT IGNORE INTO db.`cSessionInfo` (`open_id`, create_time, x) VALUES (_binary 'oC', 1500000000, NULL),
('oD', '0000-00-00 00:00:00', -1.5) ON DUPLICATE KEY UPDATE x = 'a;b';
