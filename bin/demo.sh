#zh wxgate 演示：登录服务和本地的微信沙箱在一个进程里。数据在 ./wxgate-data/demo，Ctrl-C 结束。
#en wxgate demo: a login server and a WeChat of its own in one process. Data in ./wxgate-data/demo; Ctrl-C ends it.
#zh 对外 http://PUBLIC  内部 http://INTERNAL  微信沙箱 http://SANDBOX
#en public http://PUBLIC  internal http://INTERNAL  WeChat sandbox http://SANDBOX

#zh 1. 小程序调用 wx.login 得到 code，换取 skey
#en 1. The mini program calls wx.login for a code, and trades it for an skey
CODE=$(curl -s -X POST http://SANDBOX/_sandbox/login | sed -n 's/.*"code": *"\([^"]*\)".*/\1/p')
SKEY=$(curl -s http://PUBLIC/v1/login -H 'Content-Type: application/json' -d "{\"code\":\"$CODE\"}" | sed 's/.*"skey":"\([^"]*\)".*/\1/')

#zh 2. 这是谁的会话？
#en 2. Whose session is it?
curl -s http://PUBLIC/v1/session -H "Authorization: Bearer $SKEY"; echo

#zh 3. 用户点击手机号按钮，小程序把得到的 code 发来
#en 3. The user taps the phone number button, and the mini program sends the code it gets
TAP=$(curl -s -X POST http://SANDBOX/_sandbox/phone | sed -n 's/.*"code": *"\([^"]*\)".*/\1/p')
curl -s http://PUBLIC/v1/phone -H "Authorization: Bearer $SKEY" -H 'Content-Type: application/json' -d "{\"phoneCode\":\"$TAP\"}"; echo

#zh 4. 你的反向代理询问：这个请求来自谁？
#en 4. Your reverse proxy asks who a request is from
curl -si http://INTERNAL/forward-auth -H "Authorization: Bearer $SKEY"
