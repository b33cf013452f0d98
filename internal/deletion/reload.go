package deletion

import (
	"reflect"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/scope"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// Reload reads the rows of a value again, from the table of the policy. What it returns makes the value what the database has.
func Reload(tx statement.Session, f *statement.Folding, p *policy.Policy, value any) (finish func(), err error) {
	s := p.Schema
	exact := rowkey.Of(tx.Dialect, s.PrimaryFields)
	ctx := tx.Statement.Context
	targets := map[string][]reflect.Value{}
	var keys [][]any
	collect := func(target reflect.Value) {
		target = reflect.Indirect(target)
		if !target.IsValid() || !target.CanSet() {
			return
		}
		var key []any
		for _, field := range s.PrimaryFields {
			part, zero := field.ValueOf(ctx, target)
			if zero {
				return
			}
			key = append(key, part)
		}
		text := exact.Exact(key)
		if targets[text] == nil {
			keys = append(keys, key)
		}
		targets[text] = append(targets[text], target)
	}
	v := reflect.Indirect(reflect.ValueOf(value))
	if v.Kind() == reflect.Struct {
		collect(v)
	} else {
		for i := range v.Len() {
			collect(v.Index(i))
		}
	}
	fresh := tx.Session(&gorm.Session{NewDB: true, SkipHooks: true})
	if p != p.Own() {
		fresh = statement.On(fresh, p.Table)
	}
	var assign []func()
	for chunk := range slices.Chunk(keys, statement.ChunkSize) {
		rows := reflect.New(reflect.SliceOf(s.ModelType))
		err := fresh.Unscoped().
			Clauses(scope.LiveTable{}, clause.Where{Exprs: []clause.Expression{statement.Table{Name: p.Table}.KeysIn(tx.Dialect, s, chunk)}}).Find(rows.Interface()).Error
		if err != nil {
			return nil, err
		}
		same := slices.Clone(chunk)
		for i := range rows.Elem().Len() {
			same = append(same, exact.Values(ctx, rows.Elem().Index(i)))
		}
		texts, err := f.Texts(tx, p.Table, s.PrimaryFields, same)
		if err != nil {
			return nil, err
		}
		meant := map[string][]reflect.Value{}
		for i, key := range chunk {
			meant[texts[i]] = append(meant[texts[i]], targets[exact.Exact(key)]...)
		}
		for i, text := range texts[len(chunk):] {
			row := rows.Elem().Index(i)
			for _, target := range meant[text] {
				assign = append(assign, func() { statement.CopyColumns(ctx, s, target, row) })
			}
		}
	}
	return func() {
		for _, f := range assign {
			f()
		}
	}, nil
}
