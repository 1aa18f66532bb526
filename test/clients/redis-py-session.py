"""A session of redis-py against the server on the port that is its argument."""

import sys

import redis


def check(actual, expected):
    assert actual == expected, f"{actual!r} in place of {expected!r}"


def check_strings(client):
    check(client.set("a", "1"), True)
    check(client.set("a", "2", nx=True), None)
    check(client.set("a", "3", xx=True, get=True), b"1")
    check(client.incr("a", 4), 7)
    check(client.incrbyfloat("a", 0.5), 7.5)
    check(client.append("a", "!"), 4)
    check(client.getrange("a", 0, 1), b"7.")
    check(client.mset({"b": "1", "c": bytes(range(256))}), True)
    check(client.mget("b", "none", "c"), [b"1", None, bytes(range(256))])
    check(client.msetnx({"b": "1", "d": "2"}), False)
    check(client.delete("a", "b", "none"), 2)
    check(client.exists("a", "c"), 1)
    check(client.type("c"), b"string")


def check_deadlines(client):
    client.set("t", "1", ex=1000)
    check(990 <= client.ttl("t") <= 1000, True)
    check(client.expireat("t", 4102444800), True)
    check(client.expiretime("t"), 4102444800)
    check(client.expire("t", 10, gt=True), False)
    check(client.persist("t"), True)
    check(client.ttl("t"), -1)
    check(client.ttl("none"), -2)
    check(client.getex("t", px=100000), b"1")
    check(client.getdel("t"), b"1")


def check_transactions(client, other):
    with client.pipeline() as pipe:
        pipe.set("n", 1).incr("n").get("n")
        check(pipe.execute(), [True, 2, b"2"])
        pipe.watch("n")
        other.set("n", "changed")
        pipe.multi()
        pipe.set("n", "lost")
        try:
            pipe.execute()
            raise AssertionError("a changed key was not noticed")
        except redis.WatchError:
            pass
    check(client.transaction(lambda pipe: pipe.multi() or pipe.set("n", "10"), "n"), [True])
    check(client.get("n"), b"10")
    with client.pipeline(transaction=False) as pipe:
        for _ in range(1000):
            pipe.incr("n")
        check(pipe.execute(), list(range(11, 1011)))


def check_locks(client):
    lock = client.lock("lock", timeout=1000, thread_local=False)
    check(client.set("lock", "taken", nx=True, px=1000000), True)
    check(lock.acquire(blocking=False), False)
    client.delete("lock")


def check_errors(client):
    client.set("text", "abc")
    for arguments, text in [
        (["INCR", "text"], "value is not an integer or out of range"),
        (["NOSUCH", "a"], "unknown command 'NOSUCH', with args beginning with: 'a' "),
        (["GET"], "wrong number of arguments for 'get' command"),
        (["SELECT", "16"], "DB index is out of range"),
    ]:
        try:
            client.execute_command(*arguments)
            raise AssertionError(f"{arguments} was not refused")
        except redis.ResponseError as error:
            check(str(error), text)


def check_server(client):
    info = client.info()
    check(info["redis_mode"], "standalone")
    check(info["role"], "master")
    check(info["loading"], 0)
    check(info["db0"]["keys"], client.dbsize())
    check(client.config_get("databases"), {"databases": "16"})
    check(client.client_setname("session"), True)
    names = [entry["name"] for entry in client.client_list()]
    check("session" in names, True)
    check(client.command_count() > 50, True)
    check(client.object("encoding", "text"), b"embstr")
    check(isinstance(client.time()[0], int), True)
    check(client.slowlog_reset(), True)
    check(client.ping(), True)
    check(client.echo("x"), b"x")


def check_scan(client):
    client.flushall()
    client.mset({f"key:{i}": i for i in range(300)})
    check(sorted(client.scan_iter(count=7)), sorted(f"key:{i}".encode() for i in range(300)))
    check(len(set(client.scan_iter(match="key:1?"))), 10)
    check(len(client.keys("key:2*")), 111)
    check(client.flushdb(), True)
    check(client.dbsize(), 0)


def main():
    port = int(sys.argv[1])
    client = redis.Redis(port=port)
    other = redis.Redis(port=port)
    client.flushall()
    check_strings(client)
    check_deadlines(client)
    check_transactions(client, other)
    check_locks(client)
    check_errors(client)
    check_server(client)
    check_scan(client)
    print("the session is through")


main()
