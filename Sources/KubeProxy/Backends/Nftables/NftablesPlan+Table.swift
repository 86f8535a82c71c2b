public import Nftables

extension NftablesPlan {
    /// The table that is there once the transaction has been loaded, its objects in the order in which they are made.
    public var table: NftTable {
        var transaction = NftablesTransaction(self, CommandWriter(keepingCommandsOf: tableName))
        transaction.write()
        do throws(NftError) {
            let tables = try NftTable.tables(fromCommands: transaction.takeCommands().bytes)
            guard let table = tables.first else { preconditionFailure("the transaction makes no table") }
            return table
        } catch {
            preconditionFailure("the transaction is not valid: \(error)")
        }
    }
}
