# probe.sh PORT [PATH]: ends with 0 when http://127.0.0.1:PORT/PATH answers 200 or, without a PATH, when PORT accepts
# a connection. Images differ in what they have, so the first of these that is there does it.
port=$1 path=${2-}
unset http_proxy HTTP_PROXY all_proxy ALL_PROXY
if [ -n "$path" ] && command -v curl >/dev/null; then
  exec curl -fsS -m 8 -o /dev/null "http://127.0.0.1:$port$path"
elif [ -n "$path" ] && command -v wget >/dev/null; then
  exec wget -q -T 8 -O /dev/null "http://127.0.0.1:$port$path"
elif command -v python3 >/dev/null; then
  exec python3 -c '
import http.client, socket, sys
port, path = sys.argv[1], sys.argv[2]
if path:
    call = http.client.HTTPConnection("127.0.0.1", int(port), timeout=8)
    call.request("GET", path)
    sys.exit(call.getresponse().status != 200)
socket.create_connection(("127.0.0.1", int(port)), 8).close()
' "$port" "$path"
elif command -v bash >/dev/null; then
  exec bash -c '
exec 3<>"/dev/tcp/127.0.0.1/$0" || exit 1
[ -n "$1" ] || exit 0
printf "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n" "$1" >&3
read -r -t 8 _ status _ <&3
[ "$status" = 200 ]
' "$port" "$path"
elif command -v nc >/dev/null; then
  exec nc -z 127.0.0.1 "$port"
fi
echo "this image has no curl, wget, python3, bash or nc to ask port $port with" >&2
exit 1
