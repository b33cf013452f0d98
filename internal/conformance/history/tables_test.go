package history_test

import (
	"database/sql"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

// historyMark is the part of a model that says which deletion took a row, beside the model's own deletion column. The
// models leave it open, so that one forest of them serves every mixture: U is that of the models with a time of deletion, D
// that of the models with a flag or a status. Each is parent and child of the other.
type historyMark interface {
	show(found *historyFound)
}

type (
	historyID   struct{ DeletionID softdelete.DeletionID }
	historyNoID struct{}
	historyAt   struct {
		GoneAt *time.Time `softdelete:"at"`
	}
	historyIDAt struct {
		DeletionID softdelete.DeletionID
		GoneAt     *time.Time `softdelete:"at"`
	}
)

func (m historyID) show(f *historyFound)   { f.showID(m.DeletionID) }
func (m historyNoID) show(f *historyFound) {}
func (m historyAt) show(f *historyFound)   { f.showTime(m.GoneAt) }
func (m historyIDAt) show(f *historyFound) {
	f.showID(m.DeletionID)
	f.showTime(m.GoneAt)
}

// historyStamp is an integer time of deletion. Its unit decides how coarse the times of a whole forest are.
type historyStamp interface {
	instant() *time.Time
}

type (
	historySeconds struct {
		DeletedAt int64 `softdelete:"timestamp;unit:s"`
	}
	historyMillis struct {
		DeletedAt int64 `softdelete:"timestamp;unit:ms"`
	}
	historyMicros struct {
		DeletedAt int64 `softdelete:"timestamp;unit:us"`
	}
)

func (s historySeconds) instant() *time.Time {
	return historyInstant(s.DeletedAt, time.Unix(s.DeletedAt, 0))
}

func (s historyMillis) instant() *time.Time {
	return historyInstant(s.DeletedAt, time.UnixMilli(s.DeletedAt))
}

func (s historyMicros) instant() *time.Time {
	return historyInstant(s.DeletedAt, time.UnixMicro(s.DeletedAt))
}

func historyInstant(number int64, at time.Time) *time.Time {
	if number == 0 {
		return nil
	}
	return &at
}

// The forest. Items stand under folders and labels, both of which stand under accounts: a diamond. Folders stand under
// folders. Items, comments and reactions are a chain. Invoices are kept.
type (
	historyAccount[U, D historyMark, S historyStamp] struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Mark      U                         `gorm:"embedded"`
		Folders   []historyFolder[U, D, S]  `gorm:"foreignKey:AccountID" softdelete:"cascade"`
		Labels    []historyLabel[U, D, S]   `gorm:"foreignKey:AccountID" softdelete:"cascade"`
		Invoices  []historyInvoice[U, D, S] `gorm:"foreignKey:AccountID" softdelete:"keep"`
	}
	historyFolder[U, D historyMark, S historyStamp] struct {
		ID         uint
		AccountID  *uint
		ParentID   *uint
		Status     string                   `softdelete:"status;deleted:removed;visible:published"`
		Was        string                   `softdelete:"previous"`
		Mark       D                        `gorm:"embedded"`
		Subfolders []historyFolder[U, D, S] `gorm:"foreignKey:ParentID" softdelete:"cascade"`
		Items      []historyItem[U, D, S]   `gorm:"foreignKey:FolderID" softdelete:"cascade"`
	}
	historyLabel[U, D historyMark, S historyStamp] struct {
		ID        uint
		AccountID *uint
		Account   *historyAccount[U, D, S] `softdelete:"guard"`
		Gone      bool                     `softdelete:"flag"`
		Mark      D                        `gorm:"embedded"`
		Items     []historyItem[U, D, S]   `gorm:"foreignKey:LabelID" softdelete:"cascade"`
	}
	historyItem[U, D historyMark, S historyStamp] struct {
		ID       uint
		FolderID *uint
		LabelID  *uint
		Stamp    S                         `gorm:"embedded"`
		Mark     U                         `gorm:"embedded"`
		Comments []historyComment[U, D, S] `gorm:"foreignKey:ItemID" softdelete:"cascade"`
	}
	historyComment[U, D historyMark, S historyStamp] struct {
		ID        uint
		ItemID    *uint
		Item      *historyItem[U, D, S]      `softdelete:"guard"`
		Gone      int                        `softdelete:"flag"`
		Mark      D                          `gorm:"embedded"`
		Reactions []historyReaction[U, D, S] `gorm:"foreignKey:CommentID" softdelete:"cascade"`
	}
	historyReaction[U, D historyMark, S historyStamp] struct {
		ID        uint
		CommentID *uint
		DeletedAt sql.NullTime `softdelete:"timestamp"`
		Mark      U            `gorm:"embedded"`
	}
	historyInvoice[U, D historyMark, S historyStamp] struct {
		ID        uint
		AccountID *uint
		Account   *historyAccount[U, D, S] `softdelete:"guard"`
		Stamp     historySeconds           `gorm:"embedded"`
		Mark      U                        `gorm:"embedded"`
	}
)

// The circle: teams have members, members lead teams.
type (
	historyTeam[U, D historyMark] struct {
		ID      uint
		LeadID  *uint
		Gone    bool                  `softdelete:"flag"`
		Mark    D                     `gorm:"embedded"`
		Members []historyMember[U, D] `gorm:"foreignKey:TeamID" softdelete:"cascade"`
	}
	historyMember[U, D historyMark] struct {
		ID        uint
		TeamID    *uint
		DeletedAt gorm.DeletedAt
		Mark      U                    `gorm:"embedded"`
		Leads     []historyTeam[U, D]  `gorm:"foreignKey:LeadID" softdelete:"cascade"`
		Badges    []historyBadge[U, D] `gorm:"foreignKey:MemberID" softdelete:"cascade"`
	}
	historyBadge[U, D historyMark] struct {
		ID       uint
		MemberID *uint
		Gone     bool `softdelete:"flag"`
		Mark     D    `gorm:"embedded"`
	}
)

// GORM would name the tables after the instances of the types.
func (historyAccount[U, D, S]) TableName() string  { return "accounts" }
func (historyFolder[U, D, S]) TableName() string   { return "folders" }
func (historyLabel[U, D, S]) TableName() string    { return "labels" }
func (historyItem[U, D, S]) TableName() string     { return "items" }
func (historyComment[U, D, S]) TableName() string  { return "comments" }
func (historyReaction[U, D, S]) TableName() string { return "reactions" }
func (historyInvoice[U, D, S]) TableName() string  { return "invoices" }
func (historyTeam[U, D]) TableName() string        { return "teams" }
func (historyMember[U, D]) TableName() string      { return "members" }
func (historyBadge[U, D]) TableName() string       { return "badges" }

func (a historyAccount[U, D, S]) found() historyFound {
	return historyLook(a.ID, a.DeletedAt.Valid, a.Mark).times(&a.DeletedAt.Time)
}

func (f historyFolder[U, D, S]) found() historyFound {
	found := historyLook(f.ID, f.Status == "removed", f.Mark)
	found.status = f.Status
	if found.deleted {
		found.status = f.Was
	}
	return found
}

func (l historyLabel[U, D, S]) found() historyFound { return historyLook(l.ID, l.Gone, l.Mark) }

func (i historyItem[U, D, S]) found() historyFound {
	return historyLook(i.ID, i.Stamp.instant() != nil, i.Mark).times(i.Stamp.instant())
}

func (c historyComment[U, D, S]) found() historyFound { return historyLook(c.ID, c.Gone != 0, c.Mark) }

func (r historyReaction[U, D, S]) found() historyFound {
	return historyLook(r.ID, r.DeletedAt.Valid, r.Mark).times(&r.DeletedAt.Time)
}

func (i historyInvoice[U, D, S]) found() historyFound {
	return historyLook(i.ID, i.Stamp.instant() != nil, i.Mark).times(i.Stamp.instant())
}

func (t historyTeam[U, D]) found() historyFound { return historyLook(t.ID, t.Gone, t.Mark) }

func (m historyMember[U, D]) found() historyFound {
	return historyLook(m.ID, m.DeletedAt.Valid, m.Mark).times(&m.DeletedAt.Time)
}

func (b historyBadge[U, D]) found() historyFound { return historyLook(b.ID, b.Gone, b.Mark) }

// historyParents gives a column's reference to a parent, nil for none.
type historyParents func(column string) *uint

func (a *historyAccount[U, D, S]) fill(id uint, _ historyParents, _ string) { a.ID = id }

func (f *historyFolder[U, D, S]) fill(id uint, parents historyParents, status string) {
	f.ID, f.AccountID, f.ParentID, f.Status = id, parents("account_id"), parents("parent_id"), status
}

func (l *historyLabel[U, D, S]) fill(id uint, parents historyParents, _ string) {
	l.ID, l.AccountID = id, parents("account_id")
}

func (i *historyItem[U, D, S]) fill(id uint, parents historyParents, _ string) {
	i.ID, i.FolderID, i.LabelID = id, parents("folder_id"), parents("label_id")
}

func (c *historyComment[U, D, S]) fill(id uint, parents historyParents, _ string) {
	c.ID, c.ItemID = id, parents("item_id")
}

func (r *historyReaction[U, D, S]) fill(id uint, parents historyParents, _ string) {
	r.ID, r.CommentID = id, parents("comment_id")
}

func (i *historyInvoice[U, D, S]) fill(id uint, parents historyParents, _ string) {
	i.ID, i.AccountID = id, parents("account_id")
}

func (t *historyTeam[U, D]) fill(id uint, parents historyParents, _ string) {
	t.ID, t.LeadID = id, parents("lead_id")
}

func (m *historyMember[U, D]) fill(id uint, parents historyParents, _ string) {
	m.ID, m.TeamID = id, parents("team_id")
}

func (b *historyBadge[U, D]) fill(id uint, parents historyParents, _ string) {
	b.ID, b.MemberID = id, parents("member_id")
}

// historyFound is what the database says of a row.
type historyFound struct {
	id      uint
	deleted bool
	status  string // the former one of a deleted row

	hasID    bool // the model has a DeletionID
	deletion softdelete.DeletionID
	hasTime  bool // the model has a time of deletion
	at       time.Time
}

func historyLook(id uint, deleted bool, mark historyMark) historyFound {
	found := historyFound{id: id, deleted: deleted}
	mark.show(&found)
	return found
}

func (f *historyFound) showID(id softdelete.DeletionID) { f.hasID, f.deletion = true, id }

func (f *historyFound) showTime(at *time.Time) {
	f.hasTime = true
	if at != nil {
		f.at = at.UTC()
	}
}

func (f historyFound) times(at *time.Time) historyFound {
	f.showTime(at)
	return f
}

// historyTable is one model of a forest.
type historyTable interface {
	name() string
	model() any            // a pointer to an empty row
	value(ids ...uint) any // a pointer to a slice of rows with these keys
	first(rows any) any    // a pointer to the slice's first row
	insert(db *gorm.DB, id uint, parents map[string]uint, status string) error
	find(db *gorm.DB, ids ...uint) (rows any, err error) // a pointer to a slice; without ids of all rows
	found(rows any) []historyFound
}

// historyTableOf is the model T.
type historyTableOf[T any, P interface {
	*T
	TableName() string
	fill(id uint, parents historyParents, status string)
	found() historyFound
}] struct{}

func (historyTableOf[T, P]) name() string       { return P(new(T)).TableName() }
func (historyTableOf[T, P]) model() any         { return new(T) }
func (historyTableOf[T, P]) first(rows any) any { return &(*rows.(*[]T))[0] }
func (historyTableOf[T, P]) value(ids ...uint) any {
	rows := make([]T, len(ids))
	for i, id := range ids {
		P(&rows[i]).fill(id, func(string) *uint { return nil }, "")
	}
	return &rows
}

func (historyTableOf[T, P]) insert(db *gorm.DB, id uint, parents map[string]uint, status string) error {
	row := new(T)
	P(row).fill(id, func(column string) *uint {
		if parent, refers := parents[column]; refers {
			return &parent
		}
		return nil
	}, status)
	return db.Create(row).Error
}

func (historyTableOf[T, P]) find(db *gorm.DB, ids ...uint) (any, error) {
	var rows []T
	db = db.Session(&gorm.Session{}) // db serves several models
	if len(ids) > 0 {
		db = db.Where("id IN ?", ids)
	}
	err := db.Order("id").Find(&rows).Error
	return &rows, err
}

func (historyTableOf[T, P]) found(rows any) (found []historyFound) {
	for i := range *rows.(*[]T) {
		found = append(found, P(&(*rows.(*[]T))[i]).found())
	}
	return found
}

// historyForest is a set of models that refer to each other, parents first.
type historyForest struct {
	tables []historyTable
	links  []historyLink
	byTime bool // a model has no DeletionID
	circle bool // the models refer to each other in a circle
}

func historyTree[U, D historyMark, S historyStamp]() historyForest {
	return historyForest{
		tables: []historyTable{
			historyTableOf[historyAccount[U, D, S], *historyAccount[U, D, S]]{},
			historyTableOf[historyLabel[U, D, S], *historyLabel[U, D, S]]{},
			historyTableOf[historyFolder[U, D, S], *historyFolder[U, D, S]]{},
			historyTableOf[historyItem[U, D, S], *historyItem[U, D, S]]{},
			historyTableOf[historyComment[U, D, S], *historyComment[U, D, S]]{},
			historyTableOf[historyReaction[U, D, S], *historyReaction[U, D, S]]{},
			historyTableOf[historyInvoice[U, D, S], *historyInvoice[U, D, S]]{},
		},
		links: []historyLink{
			{child: "labels", column: "account_id", parent: "accounts", cascade: true, guard: true},
			{child: "folders", column: "account_id", parent: "accounts", cascade: true},
			{child: "folders", column: "parent_id", parent: "folders", cascade: true},
			{child: "items", column: "folder_id", parent: "folders", cascade: true},
			{child: "items", column: "label_id", parent: "labels", cascade: true},
			{child: "comments", column: "item_id", parent: "items", cascade: true, guard: true},
			{child: "reactions", column: "comment_id", parent: "comments", cascade: true},
			{child: "invoices", column: "account_id", parent: "accounts", guard: true},
		},
		byTime: historyWithoutID[U, D](),
	}
}

func historyCircle[U, D historyMark]() historyForest {
	return historyForest{
		tables: []historyTable{
			historyTableOf[historyTeam[U, D], *historyTeam[U, D]]{},
			historyTableOf[historyMember[U, D], *historyMember[U, D]]{},
			historyTableOf[historyBadge[U, D], *historyBadge[U, D]]{},
		},
		links: []historyLink{
			{child: "teams", column: "lead_id", parent: "members", cascade: true},
			{child: "members", column: "team_id", parent: "teams", cascade: true},
			{child: "badges", column: "member_id", parent: "members", cascade: true},
		},
		byTime: historyWithoutID[U, D](), circle: true,
	}
}

func historyWithoutID[U, D historyMark]() bool {
	var up, down historyFound
	(*new(U)).show(&up)
	(*new(D)).show(&down)
	return !up.hasID || !down.hasID
}
