import Functions
import Pooling
import Storage

/// A new revision that was built, loaded and tried, and takes no traffic yet.
struct Prepared: Sendable {
    let revision: Revision
    let pool: Pool
    let report: Storage.LoadReport
    let origin: Origin
    /// What it keeps others from changing meanwhile.
    let locks: Set<String>

    var deployment: Deployment {
        Deployment(revision: revision, report: report, origin: origin)
    }
}
