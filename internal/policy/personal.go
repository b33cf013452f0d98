package policy

import (
	"errors"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/pii"
)

// ReadPersonal reads the pii tags of a model that is being compiled.
func (p *Policy) ReadPersonal(o pii.Options) {
	model := pii.SubjectModel{Schema: p.Schema, Column: p.Column(), Mark: []*schema.Field{p.ID, p.At, p.Previous}, Never: p.Never(), Loose: p.tables.dialect.Has(dialect.LooseTexts)}
	data, problems := pii.ReadPersonal(model, o)
	p.Personal = data
	p.Err = errors.Join(p.Err, errors.Join(problems...))
}
