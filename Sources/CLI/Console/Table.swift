/// Rows of text under a heading, each column as wide as its widest cell.
package struct Table: Sendable {
    package enum Alignment: Sendable {
        case left
        case right
    }

    package struct Column: Sendable {
        package var title: String
        package var alignment: Alignment

        package init(_ title: String, _ alignment: Alignment = .left) {
            self.title = title
            self.alignment = alignment
        }
    }

    /// Between two columns.
    private static let gap = "  "

    package var columns: [Column]
    package var rows: [[String]]

    package init(_ columns: [Column], rows: [[String]] = []) {
        self.columns = columns
        self.rows = rows
    }

    /// Lines with a line break each; nothing but the heading when there are no rows.
    package func text(paint: Paint) -> String {
        let titles = columns.map(\.title)
        let rows = rows.map { cells in cells.map { paint.harmless($0) } }
        let widths = columns.indices.map { index in
            ([titles] + rows).map { index < $0.count ? $0[index].count : 0 }.max() ?? 0
        }
        let heading = paint.bold(line(titles, widths))
        return ([heading] + rows.map { line($0, widths) }).map { "\($0)\n" }.joined()
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var text = zip(cells.indices, zip(columns, widths)).map { index, column in
            let padding = String(repeating: " ", count: max(0, column.1 - cells[index].count))
            return switch column.0.alignment {
            case .left: cells[index] + padding
            case .right: padding + cells[index]
            }
        }.joined(separator: Self.gap)
        while text.last == " " { text.removeLast() }
        return text
    }
}
