package statement

// This room is for calls that meet statements which were prepared before a migration.

// Again runs a call that is undone as a whole where it fails, and runs it again where it has met a statement that was prepared before the
// types of its values changed: the driver prepares that anew. A call has a few of them, each of which fails once.
func (s Session) Again(call func() error) (err error) {
	for range 4 {
		if err = call(); err == nil || !s.Dialect.Outdated(err) {
			return err
		}
	}
	return err
}
