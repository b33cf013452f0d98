package write

import (
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room asks the database what a status means whose letters are not quite those of the deleted one: to the column they may be the same.

// livesHere tells whether rows of the model's table with a state are live; those with none are.
func (g *Guards) livesHere(db *gorm.DB, p *policy.Policy, state any) (bool, error) {
	if state == nil {
		return true, nil
	}
	deletes, err := p.DeletesIn(g.Session(db).InWork(db.Statement.Context), &g.Folding, state)
	return !deletes, err
}

// deletedHere tells of rows that a statement creates whether the table will take them for deleted ones; err is what went wrong.
type deletedHere struct {
	tx     statement.Session
	guards *Guards
	policy *policy.Policy
	known  map[any]bool
	err    error
}

func (g *Guards) deletedHere(db *gorm.DB, p *policy.Policy) *deletedHere {
	return &deletedHere{tx: g.Session(db).InWork(db.Statement.Context), guards: g, policy: p, known: map[any]bool{}}
}

func (h *deletedHere) tells(row created) bool {
	if h.err != nil || h.policy.Column() == nil {
		return false
	}
	value, ok := row.value(h.policy.Column())
	text, is := value.(string)
	if !ok || !is {
		return row.deleted(h.policy)
	}
	deleted, known := h.known[text]
	if !known {
		deleted, h.err = h.policy.DeletesIn(h.tx, &h.guards.Folding, text)
		h.known[text] = deleted
	}
	return deleted
}
