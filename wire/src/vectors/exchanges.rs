//! What a client may not send, and what it just may: whole frames, and the answer that is due to each. The
//! files in `wire/vectors/reject/` and `wire/vectors/limits/` are made from these tables.

use crate::canonical::MAX_DEPTH;
use crate::frame::{HEADER, Header, Kind, MAX_REPLY, MAX_REQUEST};
use crate::message::{MAX_CLIENT, MAX_PATTERN};
use crate::{ErrorCode as Code, PROTOCOL, Reason, codec};

/// The id of each frame here, but for those whose id is what is tried.
const ID: u32 = 7;
/// How many characters of a body are shown in diagnostic notation.
const LONGEST_NOTATION: usize = 80;

/// Bytes that a client sends, and what they are answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The name of its file.
    pub name: String,
    /// What is sent, for people.
    pub what: String,
    /// Whether a Hello has been answered by a Welcome before, on the same connection.
    pub is_open: bool,
    /// The bytes: a frame, or as much of one as is enough.
    pub sent: Vec<u8>,
    /// What is answered.
    pub answer: Answer,
    /// The id of the answer.
    pub id: u32,
    /// Whether the connection is open after the answer.
    pub lives: bool,
}

/// The answer to an [`Exchange`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A Welcome.
    Welcome,
    /// A Reply.
    Reply,
    /// An Error of this code, with this reason if it has one.
    Error(Code, Option<Reason>),
}

impl Exchange {
    /// Returns the content of its file.
    pub fn file(&self) -> String {
        let after = if self.is_open { "welcome" } else { "nothing" };
        let answer = match self.answer {
            Answer::Welcome => "welcome".to_owned(),
            Answer::Reply => "reply".to_owned(),
            Answer::Error(code, None) => format!("error {code}"),
            Answer::Error(code, Some(reason)) => format!("error {code} {reason}"),
        };
        let connection = if self.lives { "lives" } else { "ends" };
        let (what, id) = (&self.what, self.id);
        let mut text = format!(
            "# {what}\n# after: {after}\n# answer: {answer}\n# id: {id}\n# connection: {connection}\n"
        );
        text += &super::hex(&self.sent);
        text
    }

    fn new(name: impl Into<String>, what: impl Into<String>, sent: Vec<u8>, code: Code) -> Self {
        Self {
            name: name.into(),
            what: what.into(),
            is_open: true,
            sent,
            answer: Answer::Error(code, None),
            id: ID,
            lives: !code.ends_connection(),
        }
    }

    fn request(name: impl Into<String>, what: impl Into<String>, body: &Item, code: Code) -> Self {
        Self::new(name, what, frame(Kind::Request, ID, &canonical(body)), code)
    }

    /// A Hello. Every Error that answers one ends the connection.
    fn hello(name: impl Into<String>, what: impl Into<String>, body: &Item, code: Code) -> Self {
        Self {
            is_open: false,
            lives: false,
            ..Self::new(name, what, frame(Kind::Hello, ID, &canonical(body)), code)
        }
    }

    fn before_hello(self) -> Self {
        Self {
            name: format!("{}-before-hello", self.name),
            is_open: false,
            ..self
        }
    }

    fn answered_by_id(self, id: u32) -> Self {
        Self { id, ..self }
    }

    fn answered(self, answer: Answer) -> Self {
        Self {
            answer,
            lives: true,
            ..self
        }
    }
}

/// Either [`Exchange::request`] or [`Exchange::hello`].
type Of = fn(String, String, &Item, Code) -> Exchange;

fn malformed(name: impl Into<String>, what: impl Into<String>, body: &Item) -> Exchange {
    Exchange::request(name, what, body, Code::Malformed)
}

/// Returns a sound item in diagnostic notation, cut where it is long.
fn notation(item: &Item) -> String {
    let text = codec::diagnostic(&canonical(item));
    match text.char_indices().nth(LONGEST_NOTATION) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn frame(kind: Kind, id: u32, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX);
    [&Header { length, kind, id }.to_bytes()[..], body].concat()
}

/// A CBOR item, to be written in its canonical form or in another.
enum Item {
    Integer(i64),
    Bytes(&'static [u8]),
    Text(String),
    Array(Vec<Item>),
    Map(Vec<(Item, Item)>),
    /// Bytes that need not be an item.
    Raw(Vec<u8>),
}

/// How the head of an item is written (RFC 8949 section 3).
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// With an argument of so many bytes.
    Width(usize),
    /// Without a length, and a break at the end.
    Indefinite,
}

fn text(text: &str) -> Item {
    Item::Text(text.to_owned())
}

fn raw(bytes: &[u8]) -> Item {
    Item::Raw(bytes.to_vec())
}

fn map<const N: usize>(pairs: [(&str, Item); N]) -> Item {
    let pairs = pairs.into_iter().map(|(key, item)| (text(key), item));
    Item::Map(pairs.collect())
}

/// Items with the head of one, in the order in which they are written, in a form of its own.
struct Encoder {
    out: Vec<u8>,
    /// How many heads have been written.
    heads: usize,
    /// The head that is written in another form.
    odd: Option<(usize, Form)>,
    /// Whether that form is another than the canonical one, and one that the item can have.
    is_odd: bool,
}

impl Encoder {
    fn item(&mut self, item: &Item) {
        match item {
            Item::Integer(value) => {
                let (major, value) = if *value < 0 { (1, !value) } else { (0, *value) };
                self.head(major, value.unsigned_abs());
            }
            Item::Bytes(bytes) => self.string(2, bytes),
            Item::Text(text) => self.string(3, text.as_bytes()),
            Item::Array(items) => {
                let is_indefinite = self.head(4, items.len() as u64);
                for item in items {
                    self.item(item);
                }
                self.out.extend(is_indefinite.then_some(0xff));
            }
            Item::Map(pairs) => {
                let is_indefinite = self.head(5, pairs.len() as u64);
                for (key, value) in pairs {
                    self.item(key);
                    self.item(value);
                }
                self.out.extend(is_indefinite.then_some(0xff));
            }
            Item::Raw(bytes) => self.out.extend(bytes),
        }
    }

    fn string(&mut self, major: u8, bytes: &[u8]) {
        let is_indefinite = self.head(major, bytes.len() as u64);
        if is_indefinite {
            // Its one chunk.
            self.argument(major, bytes.len() as u64, 0);
        }
        self.out.extend(bytes);
        self.out.extend(is_indefinite.then_some(0xff));
    }

    /// Writes a head. Returns whether a break has to follow the item.
    fn head(&mut self, major: u8, argument: u64) -> bool {
        let odd = self.odd.filter(|odd| odd.0 == self.heads);
        self.heads += 1;
        match odd {
            Some((_, Form::Indefinite)) if major >= 2 => {
                self.is_odd = true;
                self.out.push(major << 5 | 0x1f);
                return true;
            }
            Some((_, Form::Width(width))) if width > shortest(argument) => {
                self.is_odd = true;
                self.argument(major, argument, width);
            }
            _ => self.argument(major, argument, 0),
        }
        false
    }

    /// Writes a head whose argument takes `width` bytes at least.
    fn argument(&mut self, major: u8, argument: u64, width: usize) {
        let width = width.max(shortest(argument));
        let bytes = argument.to_be_bytes();
        let bytes = &bytes[bytes.len() - width..];
        match width {
            0 => {
                let short = u8::try_from(argument).unwrap_or_default();
                self.out.push(major << 5 | short);
            }
            1 => self.out.push(major << 5 | 0x18),
            2 => self.out.push(major << 5 | 0x19),
            4 => self.out.push(major << 5 | 0x1a),
            _ => self.out.push(major << 5 | 0x1b),
        }
        self.out.extend(bytes);
    }
}

/// Returns how many bytes an argument takes besides the first byte of its head.
fn shortest(argument: u64) -> usize {
    match argument {
        0..24 => 0,
        24..0x100 => 1,
        0x100..0x1_0000 => 2,
        0x1_0000..0x1_0000_0000 => 4,
        _ => 8,
    }
}

fn canonical(item: &Item) -> Vec<u8> {
    let mut encoder = Encoder {
        out: Vec::new(),
        heads: 0,
        odd: None,
        is_odd: false,
    };
    encoder.item(item);
    encoder.out
}

/// Every way to write `item` in which one head is not in the canonical form: what is odd, for the name and for
/// people, and the bytes.
fn odd_heads(item: &Item) -> Vec<(String, String, Vec<u8>)> {
    let forms = [1, 2, 4, 8].map(Form::Width);
    let mut found = Vec::new();
    for odd in 0.. {
        for form in [&forms[..], &[Form::Indefinite]].concat() {
            let mut encoder = Encoder {
                out: Vec::new(),
                heads: 0,
                odd: Some((odd, form)),
                is_odd: false,
            };
            encoder.item(item);
            if encoder.heads <= odd {
                return found;
            }
            let (name, what) = match form {
                Form::Width(width) => (
                    format!("over-long-{odd}-{width}"),
                    format!(
                        "the argument of head {odd} takes {width} bytes, which is more than it need"
                    ),
                ),
                Form::Indefinite => (
                    format!("indefinite-{odd}"),
                    format!("the item of head {odd} has an indefinite length"),
                ),
            };
            if encoder.is_odd {
                found.push((name, what, encoder.out));
            }
        }
    }
    found
}

/// Items that no message has, each in the place of an integer.
fn odd_values() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("float-16", b"\xf9\x3c\x00".to_vec()),
        ("float-32", b"\xfa\x3f\x80\x00\x00".to_vec()),
        ("float-64", b"\xfb\x3f\xf0\0\0\0\0\0\0".to_vec()),
        ("float-nan", b"\xf9\x7e\x00".to_vec()),
        ("tag", b"\xc1\x01".to_vec()),
        ("bignum", b"\xc2\x41\x01".to_vec()),
        ("undefined", b"\xf7".to_vec()),
        ("simple-0", b"\xe0".to_vec()),
        ("simple-255", b"\xf8\xff".to_vec()),
        ("simple-in-two-bytes", b"\xf8\x16".to_vec()),
        ("reserved-head", b"\x1c".to_vec()),
        ("break-alone", b"\xff".to_vec()),
        ("invalid-utf-8", b"\x62\xc3\x28".to_vec()),
        ("truncated-text", b"\x62a".to_vec()),
        ("truncated-integer", b"\x19\x01".to_vec()),
        (
            "length-of-8-bytes",
            b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        ),
        ("nested-1000-deep", vec![0x81; 990]),
    ]
}

fn nested(depth: usize) -> Item {
    Item::Raw([vec![0x81; depth], vec![0x01]].concat())
}

fn hello(client: Item, protocol: Item) -> Item {
    map([("client", client), ("protocol", protocol)])
}

fn set_volume(value: Item) -> Item {
    map([("set-volume", value)])
}

fn dance(value: Item) -> Item {
    map([("dance", value)])
}

/// Everything that a daemon refuses, of what a client may send by mistake or by malice.
pub fn rejected() -> Vec<Exchange> {
    [
        not_canonical(),
        of_another_shape(),
        over_limits(),
        broken_headers(),
    ]
    .concat()
}

/// Bodies that are not one item in the form of RFC 8949 section 4.2.1.
fn not_canonical() -> Vec<Exchange> {
    let mut all = odd_items();
    for (odd, bytes) in odd_values() {
        let item = || Item::Raw(bytes.clone());
        for (base, item, of) in [
            ("set-volume", set_volume(item()), Exchange::request as Of),
            ("unknown", dance(item()), Exchange::request),
            ("hello", hello(text("x"), item()), Exchange::hello),
        ] {
            let what = format!("{base}: {odd} in the place of a value");
            all.push(of(format!("{base}-{odd}"), what, &item, Code::Malformed));
        }
    }
    for (base, key, small, great) in [
        ("replace-program", "replace-program", "new", "old"),
        ("unknown", "dance", "a", "b"),
        ("unknown-longer", "dance", "b", "aa"),
    ] {
        let keys = |first, second| map([(key, map([(first, text("a")), (second, text("b"))]))]);
        let name = format!("{base}-unsorted");
        all.push(malformed(
            name,
            "keys out of their order",
            &keys(great, small),
        ));
        let name = format!("{base}-duplicate-key");
        all.push(malformed(name, "a key twice", &keys(small, small)));
    }
    for (name, what, bytes) in [
        ("request-empty", "no item", &b""[..]),
        (
            "request-name-invalid-utf-8",
            "a name that is not UTF-8",
            b"\x6aget-volum\xff",
        ),
        (
            "unknown-name-invalid-utf-8",
            "a name that is not UTF-8",
            b"\xa1\x61\xff\x01",
        ),
        (
            "pattern-invalid-utf-8",
            "not UTF-8",
            b"\xa1\x6badd-program\x62\xc3\x28",
        ),
        (
            "pattern-surrogate",
            "half a surrogate pair",
            b"\xa1\x6badd-program\x63\xed\xa0\x80",
        ),
        (
            "pattern-over-long-utf-8",
            "a slash in two bytes",
            b"\xa1\x6badd-program\x62\xc0\xaf",
        ),
    ] {
        all.push(malformed(name, what, &raw(bytes)));
    }
    let one = || Item::Integer(1);
    for (name, what, item) in [
        ("hello-empty", "no item", raw(b"")),
        (
            "hello-unsorted",
            "keys out of their order",
            map([("protocol", one()), ("client", one())]),
        ),
        (
            "hello-duplicate-key",
            "a key twice",
            map([("client", text("x")), ("client", text("x"))]),
        ),
        (
            "hello-name-invalid-utf-8",
            "not UTF-8",
            hello(raw(b"\x61\xff"), one()),
        ),
        (
            "hello-too-deep",
            "an item 17 deep",
            hello(text("x"), nested(MAX_DEPTH)),
        ),
    ] {
        all.push(Exchange::hello(name, what, &item, Code::Malformed));
    }
    all
}

/// Messages in which one head is not in the canonical form, and with more or less than one item.
fn odd_items() -> Vec<Exchange> {
    let move_stream = map([("id", Item::Integer(71)), ("channel", text("aux"))]);
    let items = vec![text("volume")];
    let many = map([
        ("a", Item::Array(vec![Item::Integer(1), Item::Integer(-1)])),
        ("b", Item::Bytes(&[0])),
        ("c", text("x")),
    ]);
    let mut all = Vec::new();
    for (base, item, of) in [
        (
            "hello",
            hello(text("x"), Item::Integer(1)),
            Exchange::hello as Of,
        ),
        ("get-volume", text("get-volume"), Exchange::request),
        (
            "subscribe",
            map([("subscribe", Item::Array(items))]),
            Exchange::request,
        ),
        (
            "move-stream",
            map([("move-stream", move_stream)]),
            Exchange::request,
        ),
        ("unknown", dance(many), Exchange::request),
    ] {
        let body = canonical(&item);
        let more = |name: &str, what: &str, body| (name.to_owned(), what.to_owned(), body);
        let mut odd = odd_heads(&item);
        odd.push(more(
            "trailing",
            "a byte follows",
            [&body[..], &[0]].concat(),
        ));
        odd.push(more("two-items", "an item follows", body.repeat(2)));
        odd.push(more(
            "truncated",
            "the last byte is missing",
            body[..body.len() - 1].to_vec(),
        ));
        odd.push(more(
            "tagged",
            "the item has a tag",
            [b"\xd9\xd9\xf7", &body[..]].concat(),
        ));
        for (odd, what, body) in odd {
            let (name, what) = (format!("{base}-{odd}"), format!("{base}: {what}"));
            all.push(of(name, what, &Item::Raw(body), Code::Malformed));
        }
    }
    all
}

/// Sound items that are no message, and requests that this protocol does not have.
fn of_another_shape() -> Vec<Exchange> {
    let one = || Item::Integer(1);
    let null = || raw(&[0xf6]);
    let add_program = |pattern| map([("add-program", pattern)]);
    let get_volume = |value| map([("get-volume", value)]);
    let move_stream = |fields| map([("move-stream", fields)]);
    let aux = || ("channel", text("aux"));
    let less = move_stream(map([("id", one())]));
    let more = move_stream(map([("id", one()), ("why", null()), aux()]));
    let requests = [
        ("a-number", one()),
        ("a-null", null()),
        ("a-name-in-an-array", Item::Array(vec![text("undo")])),
        ("an-empty-map", Item::Map(Vec::new())),
        ("a-map-from-a-number", Item::Map(vec![(one(), one())])),
        ("two-requests", map([("redo", null()), ("undo", null())])),
        ("two-unknown", map([("a", one()), ("b", one())])),
        ("get-volume-with-null", get_volume(null())),
        ("get-volume-with-a-value", get_volume(one())),
        ("set-volume-without-a-value", text("set-volume")),
        ("set-volume-null", set_volume(null())),
        ("set-volume-true", set_volume(raw(&[0xf5]))),
        ("set-volume-text", set_volume(text("0"))),
        ("set-volume-bytes", set_volume(Item::Bytes(&[0]))),
        ("set-volume-array", set_volume(Item::Array(vec![one()]))),
        ("set-volume-map", set_volume(map([("volume", one())]))),
        ("pattern-bytes", add_program(Item::Bytes(b"x"))),
        ("pattern-null", add_program(null())),
        ("subscribe-text", map([("subscribe", text("volume"))])),
        ("move-stream-more", more),
        ("move-stream-less", less),
    ];
    let unknown = [
        ("unknown-alone", text("dance")),
        ("unknown-with-a-value", dance(one())),
        ("unknown-in-upper-case", text("Get-Volume")),
        ("unknown-empty", text("")),
    ];
    let client = || ("client", text("x"));
    let protocol = |number: i64| map([client(), ("protocol", Item::Integer(number))]);
    let number = || ("protocol", one());
    let long = Item::Text("x".repeat(MAX_CLIENT + 1));
    let hellos = [
        ("protocol-next", protocol(i64::from(PROTOCOL) + 1)),
        ("protocol-0", protocol(0)),
        ("protocol-2-to-32", protocol(1 << 32)),
        ("protocol-negative", protocol(-1)),
        ("protocol-text", map([client(), ("protocol", text("1"))])),
        ("name-null", map([("client", null()), number()])),
        ("name-too-long", map([("client", long), number()])),
        ("more", map([client(), ("locale", text("en")), number()])),
        ("less", map([number()])),
        ("a-name", text("hello")),
        ("a-number", one()),
    ];
    let requests = requests.iter();
    let requests = requests.map(|(name, item)| malformed(*name, notation(item), item));
    let unknown = unknown.iter();
    let unknown = unknown
        .map(|(name, item)| Exchange::request(*name, notation(item), item, Code::Unsupported));
    let hellos = hellos.iter().map(|(name, item)| {
        Exchange::hello(format!("hello-{name}"), notation(item), item, Code::Version)
    });
    requests.chain(unknown).chain(hellos).collect()
}

/// A value one over each limit.
fn over_limits() -> Vec<Exchange> {
    let long = || Item::Text("x".repeat(MAX_PATTERN + 1));
    let null = || raw(&[0xf6]);
    let integer = Item::Integer;
    let mut all = Vec::new();
    let mut over = |request: &str, name: &str, value: Item| {
        let item = map([(request, value)]);
        all.push(malformed(
            format!("{request}-{name}"),
            notation(&item),
            &item,
        ));
    };
    for request in ["add-program", "ignore-program", "remove-program"] {
        over(request, "too-long", long());
        over(&format!("try-{request}"), "too-long", long());
    }
    let replacement = |new, old| map([("new", new), ("old", old)]);
    over(
        "replace-program",
        "new-too-long",
        replacement(long(), text("a")),
    );
    over(
        "replace-program",
        "old-too-long",
        replacement(text("a"), long()),
    );
    let output = |sink, channel| map([("sink", sink), ("channel", channel)]);
    over("set-output", "too-long", output(long(), null()));
    over(
        "set-output",
        "unknown-channel",
        output(null(), text("left")),
    );
    let move_to = |id, channel| map([("id", integer(id)), ("channel", text(channel))]);
    for request in ["move-stream", "try-move-stream"] {
        over(request, "unknown-channel", move_to(71, "left"));
        over(request, "2-to-32", move_to(1 << 32, "aux"));
    }
    over("get-stream", "2-to-32", integer(1 << 32));
    over("get-stream", "negative", integer(-1));
    for (request, limit) in [
        ("set-volume", 1_000_000),
        ("hold-volume", 1_000_000),
        ("shift-volume", 2_000_000),
    ] {
        over(request, "above", integer(limit + 1));
        over(request, "below", integer(-limit - 1));
    }
    over(
        "set-volume",
        "64-bits",
        raw(b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff"),
    );
    let topics = |names: &[&str]| Item::Array(names.iter().map(|name| text(name)).collect());
    over(
        "subscribe",
        "twice",
        topics(&["volume", "streams", "volume"]),
    );
    over("subscribe", "unknown-topic", topics(&["volume", "weather"]));
    over("fail", "unknown-code", text("lazy"));
    over("set-volume", "too-deep", nested(MAX_DEPTH));
    over(
        "dance",
        "too-deep-and-empty",
        Item::Raw([vec![0x81; MAX_DEPTH - 1], vec![0x80]].concat()),
    );
    over("dance", "too-deep", nested(MAX_DEPTH));
    all
}

/// Headers that are none, frames out of turn, and frames that do not come.
fn broken_headers() -> Vec<Exchange> {
    let header = |length: u16, kind: u8, zero: u8| {
        let [low, high] = length.to_le_bytes();
        [&[low, high, kind, zero][..], &ID.to_le_bytes()].concat()
    };
    let mut all = Vec::new();
    let mut broken = |name: String, what: String, sent: Vec<u8>| {
        let exchange = Exchange::new(name, what, sent, Code::Header).answered_by_id(0);
        all.push(exchange.clone());
        all.push(exchange.before_hello());
    };
    for kind in [0, 7, 255] {
        let what = format!("no frame has the kind {kind}");
        broken(format!("kind-{kind}"), what, header(0, kind, 0));
    }
    for kind in [Kind::Welcome, Kind::Reply, Kind::Error, Kind::Event] {
        let what =
            format!("{kind:?} is a kind that only the daemon sends; none of its body is sent");
        let sent = header(10, kind as u8, 0);
        broken(format!("kind-{}", kind as u8), what, sent);
    }
    for zero in [1, 255] {
        let what = format!("the fourth byte is {zero}");
        broken(format!("fourth-byte-{zero}"), what, header(0, 3, zero));
    }
    for length in [MAX_REQUEST + 1, MAX_REPLY] {
        let what = format!("the header says {length} bytes of body, of which none is sent");
        let sent = header(u16::try_from(length).unwrap_or(u16::MAX), 3, 0);
        broken(format!("length-{length}"), what, sent);
    }
    let [hello, get_volume] = [
        canonical(&hello(text("x"), Item::Integer(1))),
        canonical(&text("get-volume")),
    ];
    let what = "a second Hello";
    let sent = frame(Kind::Hello, ID, &hello);
    all.push(Exchange::new("second-hello", what, sent, Code::Sequence));
    let sent = frame(Kind::Hello, ID, b"");
    let what = "a second Hello that is none";
    all.push(Exchange::new(
        "second-hello-malformed",
        what,
        sent,
        Code::Sequence,
    ));
    let sent = frame(Kind::Request, ID, &get_volume);
    let what = "a Request in the place of the Hello";
    let early = Exchange::new("request", what, sent.clone(), Code::Sequence);
    all.push(early.before_hello());
    let late = |name, what, sent: &[u8]| {
        Exchange::new(name, what, sent.to_vec(), Code::Timeout).answered_by_id(0)
    };
    let half = &sent[..=HEADER];
    all.push(late("half-a-request", "a Request, but for its end", half));
    all.push(late("half-a-header", "five bytes of a header", &sent[..5]));
    let half = &frame(Kind::Hello, ID, &hello)[..=HEADER];
    all.push(late("half-a-hello", "a Hello, but for its end", half).before_hello());
    all.push(late("nothing", "no Hello", b"").before_hello());
    all
}

/// What lies at a limit, and is taken.
pub fn at_limits() -> Vec<Exchange> {
    let unknown = Answer::Error(Code::Unsupported, None);
    let refused = |reason| Answer::Error(Code::Refused, Some(reason));
    let reply = Answer::Reply;
    let integer = Item::Integer;
    let topics = ["settings", "streams", "programs"].map(text);
    let sorts = dance(map([
        ("a", raw(&[0xf4])),
        ("b", raw(&[0xf5])),
        ("c", raw(&[0xf6])),
        ("d", Item::Bytes(&[0xff])),
        ("e", integer(-1)),
        ("aa", integer(1 << 32)),
    ]));
    let mut all = Vec::new();
    let mut taken = |name: &str, item: Item, answer: Answer| {
        let exchange = Exchange::request(name, notation(&item), &item, Code::Refused);
        all.push(exchange.answered(answer));
    };
    let add = |pattern: String| map([("try-add-program", Item::Text(pattern))]);
    let remove = |pattern: String| map([("remove-program", Item::Text(pattern))]);
    let subscribe = |topics| map([("subscribe", Item::Array(topics))]);
    let shift = |value| map([("shift-volume", integer(value))]);
    let get_stream = map([("get-stream", integer(u32::MAX.into()))]);
    // 128 bytes are 64 of these characters.
    let not_listed = remove("é".repeat(MAX_PATTERN / 2));
    taken("set-volume-least", set_volume(integer(-1_000_000)), reply);
    taken("set-volume-greatest", set_volume(integer(1_000_000)), reply);
    taken("shift-volume-least", shift(-2_000_000), reply);
    taken("shift-volume-greatest", shift(2_000_000), reply);
    taken("pattern-longest", add("x".repeat(MAX_PATTERN)), reply);
    taken("pattern-not-listed", not_listed, refused(Reason::NotListed));
    taken(
        "pattern-empty",
        add(String::new()),
        refused(Reason::NotAPattern),
    );
    taken("id-greatest", get_stream, refused(Reason::NoSuchStream));
    taken("topics-in-another-order", subscribe(topics.into()), reply);
    taken("topics-none", subscribe(Vec::new()), reply);
    taken("depth-greatest", dance(nested(MAX_DEPTH - 1)), unknown);
    taken(
        "body-longest",
        dance(Item::Text("x".repeat(MAX_REQUEST - 10))),
        unknown,
    );
    taken("items-of-every-sort", sorts, unknown);
    for (name, id) in [("frame-id-0", 0), ("frame-id-greatest", u32::MAX)] {
        let sent = frame(Kind::Request, id, &canonical(&text("get-volume")));
        let what = format!("a Request whose id is {id}");
        let exchange = Exchange::new(name, what, sent, Code::Refused);
        all.push(exchange.answered_by_id(id).answered(reply));
    }
    for (name, client) in [
        ("name-longest", "x".repeat(MAX_CLIENT)),
        ("name-empty", String::new()),
    ] {
        let item = hello(Item::Text(client), integer(1));
        let exchange = Exchange::hello(name, notation(&item), &item, Code::Refused);
        all.push(exchange.answered(Answer::Welcome));
    }
    all
}
