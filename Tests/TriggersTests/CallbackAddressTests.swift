import Testing

import Triggers

@Suite struct CallbackAddressTests {
    @Test(
        arguments: [
            "169.254.169.254", "169.254.0.1", "169.254.255.255", "0.0.0.0", "0.1.2.3",
            "100.100.100.200", "168.63.129.16", "192.0.0.192", "224.0.0.1", "239.255.255.255",
            "255.255.255.255",
            // What inet_aton takes for 169.254.169.254, and what libcurl makes of a bare 0.
            "2852039166", "0xa9fea9fe", "0xA9FEA9FE", "0xa9.0xfe.0xa9.0xfe", "0251.0376.0251.0376",
            "025177524776", "169.254.43518", "169.16689662", "169.254.169.254.", "0", "0x0",
            "169%2e254.169.254",
            "[::]", "[fe80::1]", "[febf::1]", "[fe80::1%25eth0]", "[ff02::1]", "[fd00:ec2::254]",
            "[fd20:ce::254]",
            // IPv4 within: mapped, compatible, translated, NAT64 (also for local use), 6to4.
            "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::169.254.169.254]",
            "[::ffff:0:169.254.169.254]", "[64:ff9b::169.254.169.254]", "[64:ff9b::a9fe:1]",
            "[64:ff9b:1::169.254.169.254]", "[64:ff9b:1:a9fe:a9:fe00::]",
            "[2002:a9fe:a9fe::1]", "[2002:e000:1::]", "[::ffff:0.0.0.0]", "[::ffff:224.0.0.1]",
            "[64:ff9b::100.100.100.200]",
        ]
    )
    func `a callback cannot go to`(host: String) {
        #expect(CallbackPoster.refusal(of: "http://\(host)/path") != nil)
        #expect(CallbackPoster.refusal(of: "https://\(host):8443") != nil)
        #expect(CallbackPoster.refusal(of: "structured+http://\(host)") != nil)
    }

    @Test(
        arguments: [
            "127.0.0.1", "localhost", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1",
            "169.253.255.255", "169.255.0.0", "1.0.0.0", "223.255.255.255", "93.184.216.34",
            "[::1]", "[fd00::1]", "[fd00:ec2::253]", "[fec0::1]", "[2001:db8::1]",
            "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[64:ff9b::8.8.8.8]", "[2002:808:808::1]",
            "example.org", "a.b-c.example.org.", "169.254.169.254.example.org", "bücher.example",
        ]
    )
    func `a callback can go to`(host: String) {
        #expect(CallbackPoster.refusal(of: "http://\(host)/path") == nil)
        #expect(CallbackPoster.refusal(of: "structured+https://\(host):8443/?a=b#c") == nil)
    }

    @Test(
        arguments: [
            "", "example.org", "/path", "//example.org", "ftp://example.org", "file:///etc/passwd",
            "unix:///run/x.sock", "gopher://example.org", "javascript:alert(1)", "http://",
            "http://user@example.org", "http://user:password@example.org",
            "http://:password@example.org", "http://@example.org", "http://example.org/a b",
            "http://example.org/\r\nX-A: b", "http://example.org\0.example.com",
            "http://example.org:99999", "http://[::1", "structured+", "structured+ftp://a.example",
            "structured+structured+http://a.example", "binary+http://a.example",
        ]
    )
    func `a callback's URL cannot be`(url: String) {
        #expect(CallbackPoster.refusal(of: url) != nil)
    }

    @Test func `a callback's URL has 2,048 bytes at most`() {
        let start = "http://example.org/"
        let longest = start + String(repeating: "x", count: 2048 - start.utf8.count)

        #expect(CallbackPoster.refusal(of: longest) == nil)
        #expect(CallbackPoster.refusal(of: longest + "x") != nil)
    }

    @Test func `the mode comes before the URL, in any case of letters`() throws {
        guard case .url(let url) = CallbackURL.read("Structured+HTTPS://Example.org:8443/a?b")
        else {
            Issue.record("the URL was refused")
            return
        }

        #expect(url.mode == .structured)
        #expect(url.text == "HTTPS://Example.org:8443/a?b")
        #expect(url.origin.lowercased() == "https://example.org:8443")
    }

    @Test(
        arguments: [
            ("127.0.0.1", true), ("127.255.0.1", true), ("2130706433", true), ("[::1]", true),
            ("[::ffff:127.0.0.1]", true), ("localhost", true), ("a.localhost", true),
            ("LOCALHOST.", true), ("126.0.0.1", false), ("localhost.example.org", false),
            ("[::2]", false),
        ]
    )
    func `only this host is loopback`(host: String, isLoopback: Bool) {
        guard case .url(let url) = CallbackURL.read("http://\(host)") else {
            Issue.record("the URL was refused")
            return
        }

        #expect(url.isLoopback == isLoopback)
    }

    /// As it is for a name that resolves to it: the text is not judged here.
    @Test(arguments: ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "0.0.0.0"])
    func `no socket is opened to a refused address`(host: String) throws {
        guard case .url(let url) = CallbackURL.read("http://\(host):9/") else {
            Issue.record("the URL was refused")
            return
        }
        let exchange = CallbackExchange(
            to: url,
            fields: [],
            body: [],
            limits: CallbackLimits(),
            isStopping: { false }
        )

        guard case .hopeless(let reason) = exchange.run() else {
            Issue.record("it was tried")
            return
        }
        #expect(reason.hasPrefix("it leads to a"))
    }
}
