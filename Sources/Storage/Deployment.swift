package import Functions

/// A revision that was deployed, and what was learned about it then.
package struct Deployment: Sendable, Hashable {
    package let revision: Revision
    package let report: LoadReport

    package init(revision: Revision, report: LoadReport) {
        self.revision = revision
        self.report = report
    }
}
