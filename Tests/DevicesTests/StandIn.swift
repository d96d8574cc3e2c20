import Devices
import Foundation
import TestSupport

typealias StandIn = NVMLStandIn

extension StandIn {
    func open() -> NVML {
        NVML.open(library: library)
    }

    /// How often the library was initialised since it was loaded.
    func starts() throws -> Int32 {
        guard let handle = dlopen(library, RTLD_NOW),
            let symbol = dlsym(handle, "nvmlStandInStarts")
        else { throw CocoaError(.fileReadUnknown) }
        defer { dlclose(handle) }
        return unsafeBitCast(symbol, to: (@convention(c) () -> Int32).self)()
    }
}
