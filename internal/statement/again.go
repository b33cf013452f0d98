package statement

// This room is for calls that have failed for what was known of tables which another process has migrated meanwhile: the driver's prepared
// statements, or what the plugin has found in the catalogue.

// Again runs a call that is undone as a whole where it fails, and runs it again where forget tells that it may have failed for what was
// known, and is forgotten by then. One thing may come to light after another. A call that only reads is not undone in a transaction of the
// caller's, which takes no statement more: what it has failed for is told then.
func (s Session) Again(call func() error, forget func(error) bool) (err error) {
	for range 4 {
		next := call()
		if next == nil || !s.Dialect.Aborted(next) || err == nil {
			err = next
		}
		if next == nil || !forget(next) {
			return err
		}
	}
	return err
}
