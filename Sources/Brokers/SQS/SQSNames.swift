import FoundationEssentials

/// The protocol's names begin with a capital; the keys of its maps are as the user wrote them.
enum SQSNames {
    static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .custom { Name($0.last) { $0.uppercased() } }
        return encoder
    }

    static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .custom { Name($0.last) { $0.lowercased() } }
        return decoder
    }

    private struct Name: CodingKey {
        var stringValue: String
        var intValue: Int?

        init(_ key: (any CodingKey)?, first: (Character) -> String) {
            let text = key?.stringValue ?? ""
            stringValue = (text.first.map(first) ?? "") + text.dropFirst()
            intValue = key?.intValue
        }

        init(stringValue: String) { self.stringValue = stringValue }

        init(intValue: Int) {
            stringValue = "\(intValue)"
            self.intValue = intValue
        }
    }
}
