package erasure

import (
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/scope"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is what all parts of an erasure know of its call: whose data is asked for, along which relations that lies, and how
// far the erasure is.

// call is one call of Erase, PreviewErasure or ReplayErasures.
type call struct {
	eraser  *Eraser
	root    *policy.Policy
	key     []any
	text    string // the key, exactly
	request certificate.Request
	session scope.Conditions                      // of the caller's session
	edges   map[*policy.Policy][]*policy.Relation // that lead on to the person's rows

	reckoned map[*schema.Field]bool // columns that the database reckons from others

	replaying bool // the ledger knows already
	preview   bool // nothing is written

	// progress is what earlier batches have done, pending are the rows that later ones erase.
	progress  *erasureProgress
	pending   map[policy.Place]map[string]bool
	later     bool // the transaction leaves rows to later ones
	rewriting bool // batches in cold storage are being rewritten, or have been
}

// defaultErasureBatch is Config.ErasureBatch where that is 0.
const defaultErasureBatch = 10_000

// batch is how many rows one transaction erases.
func (x *call) batch() int {
	if n := x.eraser.Batch; n > 0 {
		return n
	}
	return defaultErasureBatch
}

// findEdges collects the relations that lead on to a person's rows, for every model that the subject's leads to.
func (x *call) findEdges(db *gorm.DB) error {
	models, err := x.eraser.Models(db)
	if err != nil {
		return err
	}
	x.edges = map[*policy.Policy][]*policy.Relation{}
	seen := map[*policy.Policy]bool{x.root: true}
	for queue := []*policy.Policy{x.root}; len(queue) > 0; queue = queue[1:] {
		p := queue[0]
		if p.Err != nil {
			return p.Err
		}
		for _, r := range slices.Concat(p.Has, subjectRelations(p, models)) {
			if p.Personal != nil && p.Personal.Apart[dialect.LastName(r.Name)] || len(r.Child.Schema.PrimaryFields) == 0 {
				continue
			}
			x.edges[p] = append(x.edges[p], r)
			if !seen[r.Child] {
				seen[r.Child] = true
				queue = append(queue, r.Child)
			}
		}
	}
	return nil
}

// subjectRelations lists the columns tagged pii:"subject:…" that name the model, as relations.
func subjectRelations(p *policy.Policy, models []*policy.Policy) (list []*policy.Relation) {
	for _, child := range models {
		if child.Personal == nil {
			continue
		}
		for _, s := range child.Personal.Subjects {
			if s.Type == p.Schema.ModelType {
				list = append(list, &policy.Relation{
					Name: s.Field.Name, Parent: p, Child: child, Keys: []policy.KeyPair{{Parent: p.Schema.PrimaryFields[0], Child: s.Field}},
				})
			}
		}
	}
	return list
}

// reachable lists the models that the subject's leads to, itself first.
func (x *call) reachable() []*policy.Policy {
	list := []*policy.Policy{x.root}
	for i := 0; i < len(list); i++ {
		for _, r := range x.edges[list[i]] {
			if !slices.Contains(list, r.Child) {
				list = append(list, r.Child)
			}
		}
	}
	return list
}

// lock locks the rows of a SELECT until the transaction ends.
func (x *call) lock(q *statement.Query) {
	if !x.preview {
		q.Lock(dialect.SoleLock)
	}
}

// skipsCold tells whether the transaction leaves cold storage to others: a subject that is worked off in several has its rows
// there rewritten by the first, while all rows that lead to them are there, and what has come since by the last.
func (x *call) skipsCold() bool { return x.progress != nil && x.later }

// unreachedCold names the tables of the walk whose rows may lie in a cold store that cannot rewrite.
func (x *call) unreachedCold() []string {
	if x.eraser.ColdStore == nil {
		return nil
	}
	var tables []string
	for _, p := range x.reachable() {
		stored := p.Then == policy.ThenCold || p.TenantField != nil && x.eraser.TenantRetention
		if table := p.Table; stored && !slices.Contains(tables, table) {
			tables = append(tables, table)
		}
	}
	if len(tables) == 0 {
		return nil
	}
	slices.Sort(tables)
	return []string{fmt.Sprintf("rows of %s that a purge wrote to cold storage are not erased; thaw them and erase again", strings.Join(tables, ", "))}
}

func (x *call) notFound(err error) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: %s with key %s, table %s", gorm.ErrRecordNotFound, x.root.Schema.Name, x.text, x.root.Table)
}

// exact is the exact text of a key of the subject's model.
func (x *call) exact(key []any) string {
	return rowkey.Of(x.eraser.Dialect, x.root.Schema.PrimaryFields).Exact(key)
}

// meant takes the key of the row that is the subject's for the caller's, which may have other letters.
func (x *call) meant(tx statement.Session, key []any) (err error) {
	given := x.exact(x.key)
	if x.text = x.exact(key); x.text != given {
		_, x.key, err = rowkey.Of(x.eraser.Dialect, x.root.Schema.PrimaryFields).Read(tx.Statement.Context, x.text)
	}
	return err
}

// hasKey tells whether a text is the subject's key, as it is written now or was by earlier versions.
func (x *call) hasKey(tx statement.Session, text string) (bool, error) {
	if text == x.text || text == rowkey.EarlierText(x.key) {
		return true, nil
	}
	_, key, err := rowkey.Of(x.eraser.Dialect, x.root.Schema.PrimaryFields).Read(tx.Statement.Context, text)
	if err != nil {
		return false, nil //nolint:nilerr // no key of the model
	}
	return x.eraser.Folding.Same(tx, x.root.Table, x.root.Schema.PrimaryFields, x.key, key)
}

func (x *call) sameSubject(tx statement.Session, c *certificate.Certificate, err error) error {
	if err != nil {
		return err
	}
	same := c.SubjectTable == x.root.Table
	if same {
		if same, err = x.hasKey(tx, c.SubjectKey); err != nil {
			return err
		}
	}
	if !same {
		return fmt.Errorf("%w: %s was for another subject, table %s key %s; give this one an ID of its own",
			fault.ErrRequest, x.request.ID, c.SubjectTable, c.SubjectKey)
	}
	return nil
}

// unfinished is the error of a call that has done some batches.
func (x *call) unfinished(err error) error {
	switch {
	case err == nil:
		return nil
	case x.progress == nil && x.rewriting:
		return fmt.Errorf("softdelete: request %s is not finished: rows in cold storage may be masked already; call Erase with the same request "+
			"ID to go on: %w", x.request.ID, err)
	case x.progress == nil:
		return err
	}
	return fmt.Errorf("softdelete: request %s is not finished: %s committed, this one is not; call Erase with the same request "+
		"ID to go on: %w", x.request.ID, fmt.Sprintf("%d of its transactions are", x.progress.Batches), err)
}
