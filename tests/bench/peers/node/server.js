// Login of a mini program as tutorials write it: code2Session, the member in MySQL, the session in Redis for 3 days.
// Environment: PORT, WECHAT (base URL), APPID, SECRET, MYSQL_PORT, REDIS_PORT.
'use strict'

const crypto = require('node:crypto')
const http = require('node:http')
const express = require('express')
const mysql = require('mysql2/promise')
const Redis = require('ioredis')

const { PORT, WECHAT, APPID, SECRET, MYSQL_PORT, REDIS_PORT } = process.env
const THREE_DAYS = 3 * 24 * 3600

const db = mysql.createPool({ host: '127.0.0.1', port: Number(MYSQL_PORT), user: 'bench', database: 'bench', connectionLimit: 10 })
const redis = new Redis({ host: '127.0.0.1', port: Number(REDIS_PORT) })
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })

function code2session (code) {
  const query = new URLSearchParams({ appid: APPID, secret: SECRET, js_code: code, grant_type: 'authorization_code' })
  return new Promise((resolve, reject) => {
    http.get(`${WECHAT}/sns/jscode2session?${query}`, { agent }, (res) => {
      let text = ''
      res.setEncoding('utf8')
      res.on('data', (part) => { text += part })
      res.on('end', () => { try { resolve(JSON.parse(text)) } catch (error) { reject(error) } })
    }).on('error', reject)
  })
}

const app = express()
app.use(express.json())

app.post('/login', async (req, res) => {
  const wechat = await code2session(req.body.code)
  if (wechat.errcode) return res.status(400).json({ errcode: wechat.errcode, errmsg: wechat.errmsg })
  const { openid, session_key } = wechat
  const [rows] = await db.execute('SELECT id FROM member WHERE openid = ?', [openid])
  if (rows.length === 0) {
    await db.execute('INSERT INTO member (openid, created_at, last_login_at) VALUES (?, NOW(), NOW())', [openid])
  } else {
    await db.execute('UPDATE member SET last_login_at = NOW() WHERE id = ?', [rows[0].id])
  }
  const skey = crypto.randomBytes(24).toString('hex')
  await redis.set(`skey:${skey}`, JSON.stringify({ openid, session_key }), 'EX', THREE_DAYS)
  res.json({ errcode: 0, skey })
})

async function session (req, res, next) {
  const skey = req.headers.skey
  const text = skey && await redis.get(`skey:${skey}`)
  if (!text) return res.status(401).json({ errcode: -401, errmsg: 'please log in' })
  req.session = JSON.parse(text)
  next()
}

app.get('/session', session, (req, res) => {
  res.json({ errcode: 0, openid: req.session.openid })
})

// getPhoneNumber of old: the payload is opened with the session's key.
app.post('/phone', session, async (req, res) => {
  const { openid, session_key } = req.session
  const key = Buffer.from(session_key, 'base64')
  const decipher = crypto.createDecipheriv('aes-128-cbc', key, Buffer.from(req.body.iv, 'base64'))
  const text = decipher.update(req.body.encryptedData, 'base64', 'utf8') + decipher.final('utf8')
  const { phoneNumber, watermark } = JSON.parse(text)
  if (watermark.appid !== APPID) return res.status(400).json({ errcode: -1, errmsg: 'wrong appid' })
  await db.execute('UPDATE member SET phone = ? WHERE openid = ?', [phoneNumber, openid])
  res.json({ errcode: 0, phone: phoneNumber })
})

app.listen(Number(PORT), '127.0.0.1')
