import Devices
import TestSupport

extension HostFixture {
    func resolve(
        _ placement: Placement,
        in inventory: Inventory,
        libraryFolder: String? = libraryFolder
    ) throws(DevicesError) -> ContainerDevices {
        try ContainerDevices.resolve(
            placement,
            in: inventory,
            root: path,
            libraryFolder: libraryFolder
        )
    }
}
