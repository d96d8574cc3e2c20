import Foundation
import RuntimeProtocol

/// What a value looks like to a program that reads it as JSON.
struct JSON: Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral
{
    let value: JSONValue?

    init(_ value: JSONValue?) { self.value = value }

    init(encoding value: some Encodable) throws {
        let bytes = try JSONEncoder().encode(value)
        self.value = try JSONDecoder().decode(JSONValue.self, from: bytes)
    }

    init(stringLiteral value: String) { self.value = .string(value) }

    init(integerLiteral value: Int) { self.value = .integer(value) }

    init(booleanLiteral value: Bool) { self.value = .bool(value) }

    static func integer(_ value: Int) -> JSON { JSON(.integer(value)) }

    subscript(key: String) -> JSON {
        guard case .object(let fields) = value else { return JSON(nil) }
        return JSON(fields[key])
    }

    var keys: Set<String> {
        guard case .object(let fields) = value else { return [] }
        return Set(fields.keys)
    }

    var array: [JSON] {
        guard case .array(let elements) = value else { return [] }
        return elements.map { JSON($0) }
    }

    var string: String? {
        guard case .string(let text) = value else { return nil }
        return text
    }

    var strings: [String] { array.compactMap(\.string) }
}
