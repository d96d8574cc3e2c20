/// Why a GPU cannot be found, asked or given to a container.
package struct DevicesError: Error, Sendable, Hashable, CustomStringConvertible {
    package let code: Code
    /// What to do about it, for whoever runs the host.
    package let message: String
    /// What the library, the system or a file said; nil where the message says it all.
    package let cause: String?

    package init(_ code: Code, _ message: String, cause: String? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String {
        cause.map { "\(message) (\($0))" } ?? message
    }
}

extension DevicesError {
    /// A stable name of what went wrong; callers must accept ones that they do not know.
    package struct Code: RawRepresentable, Sendable, Hashable {
        package let rawValue: String

        package init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The host has no NVIDIA driver library.
        package static let libraryMissing = Code(rawValue: "library-missing")
        /// The library is too old: a function that we need is not in it.
        package static let symbolMissing = Code(rawValue: "symbol-missing")
        package static let driverNotLoaded = Code(rawValue: "driver-not-loaded")
        /// The driver was upgraded under the running library.
        package static let versionMismatch = Code(rawValue: "version-mismatch")
        package static let noPermission = Code(rawValue: "no-permission")
        /// A device node is missing, or a device rule forbids it.
        package static let deviceBlocked = Code(rawValue: "device-blocked")
        package static let gpuLost = Code(rawValue: "gpu-lost")
        package static let resetRequired = Code(rawValue: "reset-required")
        package static let notSupported = Code(rawValue: "not-supported")
        /// No GPU or slice has that UUID.
        package static let notFound = Code(rawValue: "not-found")
        /// Too many calls wait for the driver already.
        package static let busy = Code(rawValue: "busy")
        /// Any other answer of the driver.
        package static let driver = Code(rawValue: "driver")
        /// A CDI file cannot be read, or says what it may not.
        package static let specificationInvalid = Code(rawValue: "cdi-invalid")
        /// Two CDI files of the same folder define one device.
        package static let specificationConflict = Code(rawValue: "cdi-conflict")
        /// A CDI file names what the host no longer has.
        package static let specificationStale = Code(rawValue: "cdi-stale")
        package static let nodeMissing = Code(rawValue: "device-node-missing")
        /// The driver's libraries for programs are not on the host.
        package static let driverLibrariesMissing = Code(rawValue: "driver-libraries-missing")
    }
}
