/// An immutable snapshot of one function's bundle and manifest.
package struct Revision: Sendable, Hashable {
    package let function: FunctionName
    /// Counts from 1 within the function.
    package let number: Int
    /// SHA-256 of the bundle, 64 hexadecimal digits.
    package let digest: String
    package let manifest: Manifest
    /// Who owns the function and pays for its invocations.
    package let account: Account
    /// Microseconds since 1970 UTC.
    package let deployedAtMicros: Int64

    package init(
        function: FunctionName,
        number: Int,
        digest: String,
        manifest: Manifest,
        account: Account,
        deployedAtMicros: Int64
    ) {
        self.function = function
        self.number = number
        self.digest = digest
        self.manifest = manifest
        self.account = account
        self.deployedAtMicros = deployedAtMicros
    }

    /// `NAME-NUMBER`, as in tables, paths and the ledger.
    package var id: String { "\(function)-\(number)" }
}
