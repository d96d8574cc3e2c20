/// The query parameters of `GET /v1/usage`.
package struct UsageQuery: Sendable, Hashable {
    /// What one row of the statement sums up.
    package enum Grouping: String, Sendable, Hashable, Codable, CaseIterable {
        case function
        /// A day in UTC.
        case day
        case account
        case revision
        /// The commit that a revision was pushed with; `-` for what was not.
        case commit
    }

    package enum Format: String, Sendable, Hashable, Codable, CaseIterable {
        case json
        case csv
    }

    package var grouping: Grouping
    /// Invocations accepted at this instant or later.
    package var from: Timestamp?
    /// Invocations accepted before this instant.
    package var to: Timestamp?
    package var account: String?
    package var function: String?
    package var format: Format

    package init(
        grouping: Grouping = .function,
        from: Timestamp? = nil,
        to: Timestamp? = nil,
        account: String? = nil,
        function: String? = nil,
        format: Format = .json
    ) {
        self.grouping = grouping
        self.from = from
        self.to = to
        self.account = account
        self.function = function
        self.format = format
    }

    /// Reads decoded query parameters; throws a `queryInvalid` that names the parameter.
    package init(parameters: [String: String]) throws(Problem) {
        var reader = ParameterReader(parameters)
        self.init(
            grouping: try reader.word("by", Grouping.self) ?? .function,
            from: try reader.timestamp("from"),
            to: try reader.timestamp("to"),
            account: reader.text("account"),
            function: reader.text("function"),
            format: try reader.word("format", Format.self) ?? .json
        )
        try reader.finish()
    }

    /// What to send, before percent-encoding; defaults are left out.
    package var parameters: [(name: String, value: String)] {
        var parameters: [(name: String, value: String)] = []
        if grouping != .function { parameters.append(("by", grouping.rawValue)) }
        if let from { parameters.append(("from", from.description)) }
        if let to { parameters.append(("to", to.description)) }
        if let account { parameters.append(("account", account)) }
        if let function { parameters.append(("function", function)) }
        if format != .json { parameters.append(("format", format.rawValue)) }
        return parameters
    }
}
