package history_test

import (
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

// historyArchived is the mark of a row in the archive; it is no part of the model.
type historyArchived struct {
	DeletionID softdelete.DeletionID
	ArchivedAt *time.Time
}

// The shelf: papers stand in boxes and under labels, both of which stand under accounts; boxes stand in boxes. Boxes and
// papers are archived, what is above and below them is marked.
type (
	historyOwner[U, D historyMark] struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Mark      U                  `gorm:"embedded"`
		Boxes     []historyBox[U, D] `gorm:"foreignKey:AccountID" softdelete:"cascade"`
		Tags      []historyTag[U, D] `gorm:"foreignKey:AccountID" softdelete:"cascade"`
	}
	historyBox[U, D historyMark] struct {
		_         struct{} `softdelete:"archive"`
		ID        uint
		AccountID *uint
		ParentID  *uint
		Boxes     []historyBox[U, D]   `gorm:"foreignKey:ParentID" softdelete:"cascade"`
		Papers    []historyPaper[U, D] `gorm:"foreignKey:BoxID" softdelete:"cascade"`
		Archived  *historyArchived     `gorm:"-"`
	}
	historyTag[U, D historyMark] struct {
		ID        uint
		AccountID *uint
		Gone      bool                 `softdelete:"flag"`
		Mark      D                    `gorm:"embedded"`
		Papers    []historyPaper[U, D] `gorm:"foreignKey:TagID" softdelete:"cascade"`
	}
	historyPaper[U, D historyMark] struct {
		_        struct{} `softdelete:"archive"`
		ID       uint
		BoxID    *uint
		TagID    *uint
		Notes    []historyNote[U, D] `gorm:"foreignKey:PaperID" softdelete:"cascade"`
		Archived *historyArchived    `gorm:"-"`
	}
	historyNote[U, D historyMark] struct {
		ID      uint
		PaperID *uint
		Gone    bool `softdelete:"flag"`
		Mark    D    `gorm:"embedded"`
	}
)

func (historyOwner[U, D]) TableName() string { return "accounts" }
func (historyBox[U, D]) TableName() string   { return "boxes" }
func (historyTag[U, D]) TableName() string   { return "tags" }
func (historyPaper[U, D]) TableName() string { return "papers" }
func (historyNote[U, D]) TableName() string  { return "notes" }

func (o historyOwner[U, D]) found() historyFound {
	return historyLook(o.ID, o.DeletedAt.Valid, o.Mark).times(&o.DeletedAt.Time)
}
func (b historyBox[U, D]) found() historyFound   { return historyLookArchived(b.ID, b.Archived) }
func (t historyTag[U, D]) found() historyFound   { return historyLook(t.ID, t.Gone, t.Mark) }
func (p historyPaper[U, D]) found() historyFound { return historyLookArchived(p.ID, p.Archived) }
func (n historyNote[U, D]) found() historyFound  { return historyLook(n.ID, n.Gone, n.Mark) }

func historyLookArchived(id uint, a *historyArchived) historyFound {
	found := historyFound{id: id, deleted: a != nil, hasID: true, hasTime: true}
	if a != nil {
		found.showID(a.DeletionID)
		found.showTime(a.ArchivedAt)
	}
	return found
}

func (o *historyOwner[U, D]) fill(id uint, _ historyParents, _ string) { o.ID = id }
func (b *historyBox[U, D]) fill(id uint, parents historyParents, _ string) {
	b.ID, b.AccountID, b.ParentID = id, parents("account_id"), parents("parent_id")
}

func (t *historyTag[U, D]) fill(id uint, parents historyParents, _ string) {
	t.ID, t.AccountID = id, parents("account_id")
}

func (p *historyPaper[U, D]) fill(id uint, parents historyParents, _ string) {
	p.ID, p.BoxID, p.TagID = id, parents("box_id"), parents("tag_id")
}

func (n *historyNote[U, D]) fill(id uint, parents historyParents, _ string) {
	n.ID, n.PaperID = id, parents("paper_id")
}

func (b *historyBox[U, D]) archived(a *historyArchived)   { b.Archived = a }
func (p *historyPaper[U, D]) archived(a *historyArchived) { p.Archived = a }

// historyArchiveTable is a model with an archive: it reads the live rows by GORM and the archive as it is.
type historyArchiveTable[T any, P interface {
	*T
	TableName() string
	fill(id uint, parents historyParents, status string)
	found() historyFound
	archived(a *historyArchived)
}] struct{ historyTableOf[T, P] }

func (t historyArchiveTable[T, P]) archive() string { return t.name() + "_archive" }

func (t historyArchiveTable[T, P]) find(db *gorm.DB, ids ...uint) (any, error) {
	live, err := t.historyTableOf.find(db.Session(&gorm.Session{NewDB: true}), ids...)
	if err != nil || !db.Statement.Unscoped {
		return live, err
	}
	rows := live.(*[]T)
	var gone []struct {
		ID         uint
		DeletionID softdelete.DeletionID
		ArchivedAt *time.Time
	}
	tx := db.Session(&gorm.Session{NewDB: true}).Table(t.archive())
	if len(ids) > 0 {
		tx = tx.Where("id IN ?", ids)
	}
	if err := tx.Find(&gone).Error; err != nil {
		return nil, err
	}
	for i := range gone {
		row := new(T)
		P(row).fill(gone[i].ID, func(string) *uint { return nil }, "")
		P(row).archived(&historyArchived{DeletionID: gone[i].DeletionID, ArchivedAt: gone[i].ArchivedAt})
		*rows = append(*rows, *row)
	}
	return rows, nil
}

// historyArchiveOf is a table's archive; empty where its deleted rows stay in place.
func historyArchiveOf(table historyTable) string {
	if a, ok := table.(interface{ archive() string }); ok {
		return a.archive()
	}
	return ""
}

// historyAsDeleted tells of archived rows as the model does, to which all deleted rows are the same.
func historyAsDeleted(report softdelete.Report) softdelete.Report {
	report.Effects = slices.Clone(report.Effects)
	for i, effect := range report.Effects {
		if effect.Action == softdelete.ActionArchived {
			report.Effects[i].Action = softdelete.ActionDeleted
		}
	}
	return report
}

func historyShelf[U, D historyMark]() historyForest {
	return historyForest{
		tables: []historyTable{
			historyTableOf[historyOwner[U, D], *historyOwner[U, D]]{},
			historyTableOf[historyTag[U, D], *historyTag[U, D]]{},
			historyArchiveTable[historyBox[U, D], *historyBox[U, D]]{},
			historyArchiveTable[historyPaper[U, D], *historyPaper[U, D]]{},
			historyTableOf[historyNote[U, D], *historyNote[U, D]]{},
		},
		links: []historyLink{
			{child: "tags", column: "account_id", parent: "accounts", cascade: true},
			{child: "boxes", column: "account_id", parent: "accounts", cascade: true},
			{child: "boxes", column: "parent_id", parent: "boxes", cascade: true},
			{child: "papers", column: "box_id", parent: "boxes", cascade: true},
			{child: "papers", column: "tag_id", parent: "tags", cascade: true},
			{child: "notes", column: "paper_id", parent: "papers", cascade: true},
		},
		byTime: historyWithoutID[U, D](),
	}
}

// historyIsLoaded tells whether a call's rows can be compared with the database's: an archived row leaves the caller's as
// it was.
func historyIsLoaded(c historyCall) bool {
	return strings.HasPrefix(c.form, "loaded") && historyArchiveOf(c.table) == ""
}
