import Foundation
import Functions
import RuntimeProtocol

/// What a value looks like to a program that reads it as JSON.
struct JSON: Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral
{
    let value: RawJSON?

    init(_ value: RawJSON?) { self.value = value }

    init(encoding value: some Encodable) throws {
        let bytes = try JSONEncoder().encode(value)
        self.value = try JSONDecoder().decode(RawJSON.self, from: bytes)
    }

    init(stringLiteral value: String) { self.value = .string(value) }

    init(integerLiteral value: Int) { self.value = .integer(Int64(value)) }

    init(booleanLiteral value: Bool) { self.value = .bool(value) }

    static func integer(_ value: Int) -> JSON { JSON(.integer(Int64(value))) }

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
