package testdb

// CountsChanges tells that an UPDATE counts the rows that it changes; of other databases it counts those that it finds.
func (d *Database) CountsChanges() bool { return d.kind.onlyChanged }
