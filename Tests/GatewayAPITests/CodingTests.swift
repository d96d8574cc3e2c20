import Functions
import GatewayAPI
import Testing

@Suite struct CodingTests {
    @Test func `every wire type survives encoding and decoding`() throws {
        for (schema, value) in try Samples.all() {
            #expect(try survives(value), "\(schema)")
        }
    }

    @Test func `a problem is encoded with its code's status and type, and without nils`() throws {
        let problem = Problem(.functionNotFound, detail: "There is no function `x`.")

        let text = String(decoding: try JSONCoding.encode(problem), as: UTF8.self)

        #expect(
            text == """
                {"code":"functionNotFound","detail":"There is no function `x`.","status":404,\
                "title":"There is no such function","type":"urn:faas:problem:functionNotFound"}
                """
        )
    }

    @Test func `a deploy's last line is golden`() throws {
        let event = DeployEvent(
            step: .failed,
            message: "no module named numpy",
            elapsedMillis: 812,
            problem: Problem(.moduleNotFound)
        )

        let line = String(decoding: try JSONCoding.encodeLine(event), as: UTF8.self)

        #expect(
            line == """
                {"elapsedMillis":812,"message":"no module named numpy","problem":\
                {"code":"moduleNotFound","status":422,\
                "title":"The handler imports a module that is not there",\
                "type":"urn:faas:problem:moduleNotFound"},"step":"failed"}\n
                """
        )
    }

    @Test func `a problem with a code of a newer gateway is still read`() throws {
        let text = #"{"type":"about:blank","title":"New","status":418,"code":"teapot","more":1}"#

        let problem = try JSONCoding.decode(Problem.self, from: text.utf8)

        #expect(problem.code == "teapot")
        #expect(problem.knownCode == nil)
    }

    @Test func `any JSON is kept as it came`() throws {
        let text = #"{"a":[1,2.5,true,null,"x/y"],"b":{"c":-9007199254740993}}"#

        let value = try JSONCoding.decode(RawJSON.self, from: text.utf8)

        #expect(String(decoding: try JSONCoding.encode(value), as: UTF8.self) == text)
    }

    @Test func `each code has a status of the 4xx and 5xx and a title of its own`() {
        let titles = Set(ProblemCode.allCases.map(\.title))

        #expect(titles.count == ProblemCode.allCases.count)
        #expect(ProblemCode.allCases.allSatisfy { (400...599).contains($0.status) })
    }

    private func survives<Value: Codable & Hashable>(_ value: Value) throws -> Bool {
        try JSONCoding.decode(Value.self, from: JSONCoding.encode(value)) == value
    }
}
