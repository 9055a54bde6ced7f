// wafer2-client-sdk on the least `wx` that it needs: what the phone does is the sandbox's, what the server answers the server's.
'use strict';

const assert = require('node:assert/strict');

const { SANDBOX, SERVER, APPID } = process.env;
const user = 'alice';
const kept = new Map();
const requests = [];
let code;

async function tell(verb, body = {}) {
  const answer = await fetch(`${SANDBOX}/_sandbox/${verb}`, { method: 'POST', body: JSON.stringify({ appid: APPID, user, ...body }) });
  assert.equal(answer.status, 200);
  return answer.json();
}

// As wx.request does: `success` for any status, JSON as an object.
async function send({ url, header = {}, method = 'GET' }) {
  requests.push(new URL(url).pathname);
  const given = Object.entries(header).filter(([, value]) => value !== undefined);
  const answer = await fetch(url, { method, headers: Object.fromEntries(given) });
  return { statusCode: answer.status, data: await answer.json() };
}

globalThis.wx = {
  login: ({ success, fail }) => (code ? Promise.resolve({ code }) : tell('login')).then(success, fail),
  getUserInfo: ({ success, fail }) =>
    tell('profile', { real: true, api: 'getUserInfo' }).then(({ userInfo, ...sealed }) => success({ userInfo, ...sealed }), fail),
  request: (options) => void send(options).then(options.success, options.fail),
  getStorageSync: (key) => kept.get(key) ?? '',
  setStorageSync: (key, value) => void kept.set(key, value),
  removeStorageSync: (key) => void kept.delete(key),
  onSocketOpen() {},
  onSocketClose() {},
  onSocketMessage() {},
  onSocketError() {},
};

const qcloud = require('wafer2-client-sdk');
const done = (call, options = {}) => new Promise((success, fail) => call({ ...options, success, fail }));
const me = (options) => done(qcloud.request, { url: `${SERVER}/x/wafer/user`, ...options });

async function main() {
  qcloud.setLoginUrl(`${SERVER}/x/wafer/login`);

  const userInfo = await done(qcloud.login);
  assert.equal(userInfo.nickName, '小明');
  assert.equal(userInfo.openId, undefined);
  const first = qcloud.Session.get().skey;
  assert.match(first, /^wxg_/);
  assert.deepEqual((await me()).data, { code: 0, data: userInfo });

  // The session ends elsewhere: the SDK is told so, logs in by code, and asks again.
  const ended = await fetch(`${SERVER}/v1/session`, { method: 'DELETE', headers: { Authorization: `Bearer ${first}` } });
  assert.equal(ended.status, 200);
  requests.length = 0;
  assert.deepEqual((await me()).data.data, userInfo);
  assert.deepEqual(requests, ['/x/wafer/user', '/x/wafer/login', '/x/wafer/user']);
  const second = qcloud.Session.get().skey;
  assert.notEqual(second, first);

  // A login first, whatever there is.
  assert.deepEqual((await me({ login: true })).data.data, userInfo);
  assert.notEqual(qcloud.Session.get().skey, second);
  assert.deepEqual(await done(qcloud.loginWithCode), userInfo);
  assert.deepEqual((await done(qcloud.login, { method: 'POST' })).nickName, '小明');

  // A code that is spent is no login, and its words reach whoever asks.
  ({ code } = await tell('login'));
  await done(qcloud.login);
  await assert.rejects(done(qcloud.login), /code_used/);
  code = undefined;

  // Whom WeChat blocks is refused, and not asked to log in again and again.
  await tell('block', { appid: undefined });
  qcloud.clearSession();
  requests.length = 0;
  await assert.rejects(me(), /用户未登录过/);
  assert.deepEqual(requests, ['/x/wafer/user', '/x/wafer/login']);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
