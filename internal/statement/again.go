package statement

import "gorm.io/gorm"

// This room is for calls that are undone and may be made again: they have failed for what was known of tables which another process has
// migrated meanwhile, the driver's prepared statements, or what the plugin has found in the catalogue; or the database has undone them in
// favour of another transaction.

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

// Undone tells whether an error says that the database has undone the session's call in favour of others, as in a deadlock, and that it can
// be made again: a transaction of the caller's is gone as a whole, of which no one but the caller knows what was in it.
func (s Session) Undone(err error) bool {
	committer, ok := s.Statement.ConnPool.(gorm.TxCommitter)
	_, pinned := s.Statement.ConnPool.(Pinned)
	return s.Dialect.EndsTransaction(err) && (!ok || committer == nil || pinned)
}

// Repeatable tells whether a call that no one else has seen may succeed when it is made again.
func (s Session) Repeatable(err error) bool { return s.Dialect.Outdated(err) || s.Undone(err) }
