// node-easywechat as it is: its base URL is a setting. Only its mini program part is loaded, for the whole package asks for
// a file that is not in the node-socialite of its lock.
'use strict';

const assert = require('node:assert/strict');
const MiniApp = require('node-easywechat/dist/MiniApp/Application');

const { SANDBOX, APPID, SECRET } = process.env;
const user = 'easywechat';

async function tell(verb, body = {}) {
  const answer = await fetch(`${SANDBOX}/_sandbox/${verb}`, {
    method: 'POST',
    body: JSON.stringify({ appid: APPID, user, ...body }),
  });
  assert.equal(answer.status, 200);
  return answer.json();
}

// Its own cache is a folder that outlives the run, and the sandbox whose token it holds.
function memory() {
  const kept = new Map();
  return {
    get: async (key) => kept.get(key),
    has: async (key) => kept.has(key),
    set: async (key, value) => Boolean(kept.set(key, value)),
    delete: async (key) => kept.delete(key),
  };
}

async function main() {
  await fetch(`${SANDBOX}/_sandbox/users`, { method: 'POST', body: JSON.stringify({ id: user, phone: '13900139000' }) });
  const app = new MiniApp({ app_id: APPID, secret: SECRET, use_stable_access_token: true, http: { baseURL: SANDBOX } });
  app.setCache(memory());

  const { code } = await tell('login');
  const session = await app.getUtils().codeToSession(code);
  assert.match(session.openid, /^o[\w-]{27}$/);
  await assert.rejects(app.getUtils().codeToSession(code), /40163/);

  const token = await app.getAccessToken().getToken();
  assert.ok(token.length > 100);

  const tap = await tell('phone');
  const client = app.getClient();
  const answer = (await client.postJson('/wxa/business/getuserphonenumber', { code: tap.code })).toObject();
  const decrypted = app.getUtils().decryptSession(session.session_key, tap.iv, tap.encryptedData);
  for (const phone of [answer.phone_info, decrypted]) {
    assert.equal(phone.purePhoneNumber, '13900139000');
    assert.equal(phone.watermark.appid, APPID);
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
