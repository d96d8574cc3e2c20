/// The memory of a node in numbers, in MiB.
package struct BudgetSnapshot: Sendable, Hashable {
    package let budgetMiB: Int
    package let zygoteMiB: Int
    package let instanceMiB: Int
    package let zygotes: Int
    package let instances: Int
}

extension NodeBudget {
    /// Numbers for metrics; takes time with the number of pools.
    package var snapshot: BudgetSnapshot {
        let zygotes = holders.values.compactMap(\.zygote)
        return BudgetSnapshot(
            budgetMiB: budgetMiB,
            zygoteMiB: zygotes.reduce(0) { $0 + $1.mebibytes },
            instanceMiB: holders.values.reduce(0) { $0 + $1.instanceMiB },
            zygotes: zygotes.count,
            instances: holders.values.reduce(0) { $0 + $1.instances }
        )
    }
}
