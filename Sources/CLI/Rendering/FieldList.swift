/// Names and values, one pair a line, values aligned.
enum FieldList {
    static func text(_ fields: [(String, String)], paint: Paint) -> String {
        let width = fields.map(\.0.count).max() ?? 0
        return fields.map { name, value in
            let padding = String(repeating: " ", count: width - name.count)
            return "\(paint.dim(name))\(padding)  \(value)\n"
        }.joined()
    }
}
