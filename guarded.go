package softdelete

import (
	"errors"
	"reflect"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room stands around GORM's own callbacks of writing statements, in which hooks of models run. A panic there ends what
// GORM or the plugin has begun, which GORM itself leaves open (callbacks.go:134, GORM 1.31), and goes on to the caller.

// processor is a chain of GORM's callbacks, whose type is GORM's own.
type processor interface {
	Get(name string) func(*gorm.DB)
	Replace(name string, callback func(*gorm.DB)) error
}

// guard replaces the callbacks by guarded ones. They keep their places. Before the one that writes, that of the chain's own
// name, the chain's last callback runs.
func guard(db *gorm.DB, before map[string]*last, needsFresh func(*gorm.DB) bool) error {
	// GORM tells its logger of each, which says nothing to anybody here.
	former := db.Logger
	db.Logger = logger.Discard
	defer func() { db.Logger = former }()
	var problems []error
	// GORM's own transaction around a statement shows what others commit meanwhile, as the plugin's do.
	for _, chain := range []processor{db.Callback().Create(), db.Callback().Update(), db.Callback().Delete()} {
		if begin := chain.Get("gorm:begin_transaction"); begin != nil {
			problems = append(problems, chain.Replace("gorm:begin_transaction", statement.BeginFresh(begin, needsFresh)))
		}
	}
	for names, chain := range map[string]processor{
		"create before_create save_before_associations save_after_associations after_create":                     db.Callback().Create(),
		"update setup_reflect_value before_update save_before_associations save_after_associations after_update": db.Callback().Update(),
		"delete before_delete delete_before_associations after_delete":                                           db.Callback().Delete(),
	} {
		kind, _, _ := strings.Cut(names, " ")
		for name := range strings.FieldsSeq(names) {
			callback := chain.Get("gorm:" + name)
			if callback == nil {
				continue
			}
			if name == kind {
				callback = before[kind].then(callback)
			}
			problems = append(problems, chain.Replace("gorm:"+name, statement.Guarded(callback)))
		}
		before[kind].stands("gorm:"+kind, chain)
	}
	return errors.Join(problems...)
}

// last is a callback of ours that sees everything which callbacks of others have added to a statement: it runs inside GORM's own
// callback, just before that writes. GORM would run what is registered later nearer to it (callbacks.go:285, GORM 1.31). Where
// another plugin has put its own callback in the place of GORM's, ours runs early, in a callback of its own.
type last struct {
	call  func(db *gorm.DB)
	name  string
	chain processor
	ours  uintptr // the code of the callback that it stands in
}

// then is the callback with ours before it.
func (l *last) then(callback func(*gorm.DB)) func(*gorm.DB) {
	return func(db *gorm.DB) {
		l.call(db)
		db.Error = outward(db.Error)
		callback(db)
	}
}

// stands notes where ours now runs.
func (l *last) stands(name string, chain processor) {
	l.name, l.chain, l.ours = name, chain, codeOf(chain.Get(name))
}

// early runs ours where GORM's callback is no longer the one that it stands in.
func (l *last) early(db *gorm.DB) {
	if codeOf(l.chain.Get(l.name)) != l.ours {
		l.call(db)
	}
}

func codeOf(callback func(*gorm.DB)) uintptr { return reflect.ValueOf(callback).Pointer() }
