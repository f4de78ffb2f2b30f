"""A client of mixd in plain Python, written from PROTOCOL.md: client.py SOCKET get | set VALUE | watch"""

import os, socket, struct, sys
import cbor2

HELLO, WELCOME, REQUEST, REPLY, ERROR, EVENT = range(1, 7)

class Mixd:
    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(5)
        self.socket.connect("\0" + name[1:] if name.startswith("@") else name)
        credentials = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        if struct.unpack("3i", credentials)[1] != os.geteuid():
            sys.exit("the daemon there belongs to another user")
        self.id = 0
        self.send(HELLO, {"client": "client.py", "protocol": 1})
        self.answer(WELCOME)

    def send(self, kind, message):
        body = cbor2.dumps(message, canonical=True)
        self.id += 1
        self.socket.sendall(struct.pack("<HBBI", len(body), kind, 0, self.id) + body)

    def read(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                sys.exit("mixd has closed the connection")
            data += part
        return data

    def frame(self):
        length, kind, _, id = struct.unpack("<HBBI", self.read(8))
        message = cbor2.loads(self.read(length))
        if kind == ERROR:
            sys.exit("mixd: %s (%s)" % (message.get("message"), message.get("code")))
        return kind, id, message

    def answer(self, wanted):
        while True:
            kind, id, message = self.frame()
            if (kind, id) == (wanted, self.id):
                return message

if __name__ == "__main__":
    mixd = Mixd(sys.argv[1])
    if sys.argv[2] == "set":
        mixd.send(REQUEST, {"set-volume": round(float(sys.argv[3]) * 1_000_000)})
    else:
        mixd.send(REQUEST, "get-volume" if sys.argv[2] == "get" else {"subscribe": ["volume"]})
    reply = mixd.answer(REPLY)
    if "mix" in reply:
        print(reply["mix"]["volume"] / 1_000_000)
    mixd.socket.settimeout(None)
    while sys.argv[2] == "watch":
        message = mixd.frame()[2]  # what else a later mixd may say is skipped
        if "volume" in message:
            print(message["volume"]["volume"] / 1_000_000, flush=True)
