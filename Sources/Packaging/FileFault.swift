/// One fault in a text file that a user wrote.
package struct FileFault: Sendable, Hashable, CustomStringConvertible {
    /// The file's name as the user knows it: `function.yaml`.
    package let file: String
    /// Counts from 1.
    package let line: Int
    /// Counts from 1, in Unicode scalars.
    package let column: Int
    package let problem: String
    /// What may stand there instead; nil where the problem says it.
    package let allowed: String?
    /// The valid word that is most like the one found; nil when none is.
    package let nearest: String?

    package init(
        file: String,
        line: Int,
        column: Int,
        problem: String,
        allowed: String? = nil,
        nearest: String? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.problem = problem
        self.allowed = allowed
        self.nearest = nearest
    }

    /// `function.yaml:3:5: unknown key 'memroy' in limits; did you mean 'memory'? allowed: ...`.
    package var description: String {
        let place = "\(file):\(line):\(column): \(problem)"
        return switch (nearest, allowed) {
        case (let nearest?, let allowed?):
            "\(place); did you mean '\(nearest)'? allowed: \(allowed)"
        case (let nearest?, nil): "\(place); did you mean '\(nearest)'?"
        case (nil, let allowed?): "\(place); allowed: \(allowed)"
        case (nil, nil): place
        }
    }
}
