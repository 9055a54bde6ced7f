-- MySQL dump 10.13
/*!40101 SET NAMES utf8 */;
DROP TABLE IF EXISTS `cSessionInfo`;
CREATE TABLE `cSessionInfo` (
  `open_id` varchar(100) NOT NULL,
  `uuid` varchar(100) NOT NULL,
  `skey` varchar(100) NOT NULL,
  `create_time` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  `last_visit_time` timestamp NOT NULL,
  `session_key` varchar(100) NOT NULL,
  `user_info` varchar(2048) NOT NULL COMMENT 'it''s JSON, (of wx)',
  PRIMARY KEY (`open_id`),
  KEY `skey` (`skey`) USING BTREE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
LOCK TABLES `cSessionInfo` WRITE;
INSERT INTO `cSessionInfo` VALUES ('oA','u','s','2018-01-02 03:04:05','2018-02-03 04:05:06','k==','{\"openId\":\"oA\",\"nickName\":\"小明\",\"gender\":1}'),('oB','u2','s2','2018-01-02 03:04:05','2018-02-03 04:05:06','k==','');
UNLOCK TABLES;
