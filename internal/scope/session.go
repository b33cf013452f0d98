package scope

import (
	"fmt"
	"reflect"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for the conditions of a caller's session, as a tenant's has them: a function that takes a row finds it under them.

// Conditions are those of a session, for rows of one model.
type Conditions struct {
	exprs  []clause.Expression
	policy *policy.Policy
	called string // what they call the model's table
}

// Built is a SELECT of a model's rows by the conditions of a session, of which nothing is run: scopes and other plugins add theirs
// while GORM builds a statement.
func Built(db *gorm.DB, p *policy.Policy) (*gorm.Statement, error) {
	s := p.Schema
	built := db.Session(&gorm.Session{DryRun: true, SkipHooks: true}).Unscoped().Clauses(LiveTable{}, seenJoins{}).Model(reflect.New(s.ModelType).Interface())
	built = built.Find(reflect.New(reflect.SliceOf(s.ModelType)).Interface())
	return built.Statement, built.Error
}

// seenJoins keeps a statement's joins as it is built: GORM takes them out again (callbacks/query.go:302, GORM 1.31).
type seenJoins struct{}

// Build writes nothing.
func (seenJoins) Build(clause.Builder) {}

// ModifyStatement implements gorm.StatementModifier.
func (seenJoins) ModifyStatement(stmt *gorm.Statement) {
	from := stmt.Clauses["FROM"]
	inner := from.Builder
	from.Builder = func(c clause.Clause, builder clause.Builder) {
		if expression, ok := c.Expression.(clause.From); ok {
			stmt.Settings.Store(seenJoins{}, expression.Joins)
		}
		c.Builder = inner
		c.Build(builder)
	}
	stmt.Clauses["FROM"] = from
}

// JoinsOfSession are the joins of such a SELECT.
func JoinsOfSession(built *gorm.Statement) []clause.Join {
	joins, _ := built.Settings.Load(seenJoins{})
	list, _ := joins.([]clause.Join)
	return list
}

// WhereOfSession are the conditions of such a SELECT, without the model's own filter: a statement of the same *gorm.DB that is under
// way has it among them.
func WhereOfSession(built *gorm.Statement) (list []clause.Expression) {
	where, _ := built.Clauses["WHERE"].Expression.(clause.Where)
	for _, condition := range where.Exprs {
		if _, ours := condition.(*Filter); !ours {
			list = append(list, condition)
		}
	}
	return list
}

// ConditionsOf reads the conditions of the session that a function was called with. What it cannot go by is refused.
func ConditionsOf(db *gorm.DB, p *policy.Policy, function string) (Conditions, error) {
	built, err := Built(policy.Called(db), p)
	if err != nil {
		return Conditions{}, err
	}
	_, groups := built.Clauses["GROUP BY"]
	if len(built.Joins) > 0 || groups {
		return Conditions{}, fmt.Errorf("%w: softdelete.%s finds a row of %s by conditions in Where, not by Joins or Group; write them as a sub-query",
			fault.ErrUnsupported, function, p.Schema.Name)
	}
	return Conditions{exprs: WhereOfSession(built), policy: p, called: built.Table}, nil
}

// None tells that there are none.
func (c Conditions) None() bool { return len(c.exprs) == 0 }

// write writes the conditions, for rows under the name that they call the table.
func (c Conditions) write(q *statement.Query) {
	q.Stmt.Table, q.Stmt.Schema = c.called, c.policy.Schema
	q.Expression(Group(c.exprs))
}

// Admit gives gorm.ErrRecordNotFound where the row with a key does not fulfil the conditions, or is not there. A live row speaks for
// itself; of archived ones with the key any may.
func (c Conditions) Admit(tx statement.Session, key []any) error {
	if c.None() {
		return nil
	}
	for _, t := range c.policy.Looks() {
		there, meets, err := c.meets(tx, t, key)
		if err != nil {
			return err
		}
		if meets {
			return nil
		}
		if there && !t.Archived {
			break
		}
	}
	return c.NotFound(key)
}

// meets tells whether rows of a table have the key, and whether one of them fulfils the conditions.
func (c Conditions) meets(tx statement.Session, t policy.Place, key []any) (there, meets bool, err error) {
	q := tx.Silent().Query().Text("SELECT CASE WHEN ")
	c.write(q)
	q.Text(" THEN 1 ELSE 0 END FROM ").Table(statement.Table{Name: t.Table(), Alias: c.called}).Text(" WHERE ")
	q.KeyNamed(c.called, c.policy.Schema.PrimaryFieldDBNames).Text(" = ").Tuple(key)
	err = q.Rows(func(scan func(...any) error) error {
		var fulfils int
		there = true
		err := scan(&fulfils)
		meets = meets || fulfils == 1
		return err
	})
	return there, meets, err
}

// AdmitState does the same for one row that states writes a SELECT of: one that is in no table any more.
func (c Conditions) AdmitState(tx statement.Session, key []any, state func(q *statement.Query) error) error {
	if c.None() {
		return nil
	}
	q := tx.Silent().Query().Text("SELECT 1 FROM (")
	if err := state(q); err != nil {
		return err
	}
	q.Text(") AS ").Name(c.called).Text(" WHERE ")
	c.write(q)
	meets := false
	if err := q.Rows(func(func(...any) error) error { meets = true; return nil }); err != nil {
		return err
	}
	if !meets {
		return c.NotFound(key)
	}
	return nil
}

// NotFound is the error for a row that is not there under the conditions.
func (c Conditions) NotFound(key []any) error {
	return fmt.Errorf("%w: no row of %s (table %s) has the key %s under the conditions of the session",
		gorm.ErrRecordNotFound, c.policy.Schema.Name, c.policy.Table, rowkey.KeyText(key))
}
