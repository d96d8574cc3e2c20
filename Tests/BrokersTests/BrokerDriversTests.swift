import Brokers
import Functions
import Testing
import Triggers

struct BrokerDriversTests {
    @Test func `there is a driver for each kind that is compiled, and for no other`() {
        for kind in BrokerSource.Kind.allCases {
            let isCompiled = BrokerDrivers.compiled.contains(kind)
            #expect((BrokerDrivers.driver(for: kind) != nil) == isCompiled)
        }
        #expect(BrokerDrivers.compiled.contains(.sqs))
    }

    @Test func `a driver that is not there is named with its package and flag`() {
        let table: [(BrokerSource.Kind, String, String)] = [
            (.nats, "libnats-dev", "--traits NATS"),
            (.redis, "libhiredis-dev", "--traits Redis"),
            (.amqp, "librabbitmq-dev", "--traits AMQP"),
        ]
        for (kind, package, flag) in table {
            let error = BrokerDrivers.unsupported(kind)
            #expect(error.code == .unsupported)
            #expect(error.description.contains(package) && error.description.contains(flag))
        }
    }
}
