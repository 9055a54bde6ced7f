// fill.js MEMBERS SAMPLE: the table, members with the benchmark's openids, and a session for each even number, whose skeys
// go to the file SAMPLE. Environment: MYSQL_PORT, REDIS_PORT.
'use strict'

const crypto = require('node:crypto')
const fs = require('node:fs')
const mysql = require('mysql2/promise')
const Redis = require('ioredis')

const { MYSQL_PORT, REDIS_PORT } = process.env
const [members, sample] = [Number(process.argv[2]), process.argv[3]]
const BATCH = 1000

const openid = (number) => `oBench${String(number).padStart(22, '0')}`

async function main () {
  const db = await mysql.createConnection({ host: '127.0.0.1', port: Number(MYSQL_PORT), user: 'bench', database: 'bench' })
  const redis = new Redis({ host: '127.0.0.1', port: Number(REDIS_PORT) })
  await db.query(`CREATE TABLE member (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    openid VARCHAR(64) NOT NULL UNIQUE,
    nickname VARCHAR(64), avatar VARCHAR(255), phone VARCHAR(32),
    created_at DATETIME NOT NULL,
    last_login_at DATETIME NOT NULL
  ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4`)
  const skeys = []
  for (let first = 0; first < members; first += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, members - first) }, (_, i) => first + i)
    await db.query('INSERT INTO member (openid, created_at, last_login_at) VALUES ?',
      [numbers.map((number) => [openid(number), new Date(), new Date()])])
    const pipeline = redis.pipeline()
    for (const number of numbers.filter((number) => number % 2 === 0)) {
      const skey = crypto.randomBytes(24).toString('hex')
      const session = JSON.stringify({ openid: openid(number), session_key: 'd3hnYXRlIGJlbmNobWFyaw==' })
      pipeline.set(`skey:${skey}`, session, 'EX', 3 * 24 * 3600)
      skeys.push(skey)
    }
    await pipeline.exec()
  }
  fs.writeFileSync(sample, skeys.join('\n') + '\n')
  await db.end()
  redis.disconnect()
}

main()
