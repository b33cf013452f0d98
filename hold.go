package softdelete

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// This room is for legal holds. Whatever destroys rows asks here, through holdWalk, in the transaction that destroys them.

// HoldID identifies a hold.
type HoldID string

// HoldOptions say why a row is held.
type HoldOptions struct {
	// Matter is what the hold is for, a case number for example. It stands in errors: leave personal data out.
	Matter string
	// PlacedBy says who wants it.
	PlacedBy string
	// Until ends the hold by itself; the zero time leaves it in force until Release.
	Until time.Time
}

// HoldInfo is a hold that is in force.
type HoldInfo struct {
	ID       HoldID
	Table    string
	Key      string // the row's primary key, a composite one joined by ","
	Matter   string
	PlacedBy string
	PlacedAt time.Time
}

// holdRow is a row of the table softdelete_holds. A hold that was released stays there.
type holdRow struct {
	ID         string     `gorm:"column:id;primaryKey;size:64"`
	Table      string     `gorm:"column:table"`
	Key        string     `gorm:"column:key"`
	Matter     string     `gorm:"column:matter"`
	PlacedBy   string     `gorm:"column:placed_by"`
	PlacedAt   time.Time  `gorm:"column:placed_at"`
	Until      *time.Time `gorm:"column:until"`
	ReleasedAt *time.Time `gorm:"column:released_at"`
}

// TableName implements schema.Tabler.
func (holdRow) TableName() string { return "softdelete_holds" }

// Hold places a legal hold on the row of value, a pointer to a model with its primary key set; the row may be live or
// deleted. From then on nothing destroys the row or any row under its relations, whatever their rules, also one that comes
// there later: a hard delete through GORM gives ErrHeld, Purge leaves it and counts it. Deleting it softly and restoring it
// stay possible. Hold waits for what is being destroyed at the moment; a row that is gone by then gives
// gorm.ErrRecordNotFound. It needs Config.Holds.
func Hold(db *gorm.DB, value any, o HoldOptions) (HoldID, error) {
	e, err := engineWithHolds(db)
	if err != nil {
		return "", err
	}
	p, err := policyOf(db, value)
	if err != nil {
		return "", err
	}
	key, err := keyOfValue(db, p, value)
	if err != nil {
		return "", err
	}
	var random [12]byte
	rand.Read(random[:]) //nolint:errcheck // never fails, see crypto/rand.Read
	hold := holdRow{
		ID: "hold-" + hex.EncodeToString(random[:]), Table: p.schema.Table, Key: keyText(key), Matter: o.Matter, PlacedBy: o.PlacedBy,
		PlacedAt: db.NowFunc().UTC(),
	}
	if !o.Until.IsZero() {
		until := o.Until.UTC()
		hold.Until = &until
	}
	err = inWork(db, db.Statement.Context).Transaction(func(tx *gorm.DB) error {
		if err := e.lockWriter(tx, p); err != nil {
			return err
		}
		if err := e.lockHolds(tx, true); err != nil {
			return err
		}
		if err := e.mustExist(tx, p, key); err != nil {
			return err
		}
		return holdError(tx.Session(&gorm.Session{NewDB: true, SkipHooks: true}).Create(&hold).Error)
	})
	if err != nil {
		return "", err
	}
	return HoldID(hold.ID), nil
}

// Release ends a hold. It destroys nothing: what the hold kept is for the next Purge. A hold that has ended already stays as
// it is; an unknown one gives gorm.ErrRecordNotFound.
func Release(db *gorm.DB, id HoldID) error {
	if _, err := engineWithHolds(db); err != nil {
		return err
	}
	return inWork(db, db.Statement.Context).Transaction(func(tx *gorm.DB) error {
		released := tx.Model(&holdRow{}).Where(map[string]any{"id": string(id), "released_at": nil}).
			UpdateColumn("released_at", db.NowFunc().UTC())
		if released.Error != nil || released.RowsAffected > 0 {
			return holdError(released.Error)
		}
		var known int64
		if err := tx.Model(&holdRow{}).Where(map[string]any{"id": string(id)}).Count(&known).Error; err != nil {
			return holdError(err)
		}
		if known == 0 {
			return fmt.Errorf("%w: hold %s", gorm.ErrRecordNotFound, id)
		}
		return nil
	})
}

// Holds lists the holds that are in force, the oldest first.
func Holds(db *gorm.DB) ([]HoldInfo, error) {
	e, err := engineWithHolds(db)
	if err != nil {
		return nil, err
	}
	rows, err := e.holdsInForce(inWork(db, db.Statement.Context))
	var list []HoldInfo
	for _, r := range rows {
		list = append(list, HoldInfo{
			ID: HoldID(r.ID), Table: r.Table, Key: r.Key, Matter: r.Matter, PlacedBy: r.PlacedBy, PlacedAt: r.PlacedAt.UTC(),
		})
	}
	return list, err
}

func engineWithHolds(db *gorm.DB) (*engine, error) {
	e, err := engineOf(db)
	if err == nil && !e.plugin.config.Holds {
		err = fmt.Errorf("%w: holds are switched off; set Config.Holds", ErrUnsupported)
	}
	return e, err
}

func holdError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("softdelete: the table of holds cannot be used; create it with db.AutoMigrate(softdelete.Tables()...): %w", err)
}

// keyOfValue reads the primary key of a model's value.
func keyOfValue(db *gorm.DB, p *policy, value any) ([]any, error) {
	v := reflect.Indirect(reflect.ValueOf(value))
	if v.Kind() != reflect.Struct || len(p.schema.PrimaryFields) == 0 {
		return nil, fmt.Errorf("%w: Hold needs a pointer to a %s with its primary key", gorm.ErrInvalidValue, p.schema.Name)
	}
	var key []any
	empty := true
	for _, field := range p.schema.PrimaryFields {
		part, zero := field.ValueOf(db.Statement.Context, v)
		empty = empty && zero
		key = append(key, part)
	}
	if empty {
		return nil, fmt.Errorf("%w: Hold needs the primary key of the %s", gorm.ErrMissingWhereClause, p.schema.Name)
	}
	return key, nil
}

// mustExist gives gorm.ErrRecordNotFound where no row has the key.
func (e *engine) mustExist(tx *gorm.DB, p *policy, key []any) error {
	tables := []string{p.schema.Table}
	if r, ok := p.remains(); ok && r.table != p.schema.Table {
		tables = append(tables, r.table)
	}
	found := false
	for _, table := range tables {
		q := newQuery(tx, e.dialect).text("SELECT 1 FROM ").name(table).text(" WHERE ")
		keyOf(q, "", p.schema.PrimaryFieldDBNames).text(" = ")
		row(q, key)
		if err := q.rows(func(func(...any) error) error { found = true; return nil }); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("%w: no row of %s has the key %s", gorm.ErrRecordNotFound, p.schema.Name, keyText(key))
	}
	return nil
}

// lockHolds keeps holds from being placed while a transaction destroys rows: those that destroy share the lock, one that
// places a hold has it alone. A database with a single writer needs none.
func (e *engine) lockHolds(tx *gorm.DB, alone bool) error {
	if !e.dialect.Has(dialect.AdvisoryLocks) {
		return nil
	}
	hash := fnv.New64a()
	hash.Write([]byte(holdRow{}.TableName()))
	number := strconv.FormatInt(int64(hash.Sum64()), 10)
	q := newQuery(tx, e.dialect).text("SELECT 1 FROM (SELECT ")
	if alone {
		q.text(e.dialect.SoleLock(number))
	} else {
		q.text(e.dialect.ShareLock(number))
	}
	return q.text(") AS locked").rows(func(func(...any) error) error { return nil })
}

// holdsInForce reads the holds.
func (e *engine) holdsInForce(tx *gorm.DB) ([]holdRow, error) {
	var rows []holdRow
	err := tx.Session(&gorm.Session{NewDB: true, SkipHooks: true}).Where(map[string]any{"released_at": nil}).Order("placed_at").Order("id").Find(&rows).Error
	now := tx.NowFunc()
	rows = slices.DeleteFunc(rows, func(r holdRow) bool { return r.Until != nil && !r.Until.After(now) })
	return rows, holdError(err)
}

// holdWalk finds the rows that holds cover: those held, and what is under them by any relation, at any depth.
type holdWalk struct {
	engine *engine
	holds  []holdRow
	graph  *graph // nil where no hold is in force
	walk   *walk
}

// newHoldWalk reads the holds in force.
func (e *engine) newHoldWalk(tx *gorm.DB) (*holdWalk, error) {
	h := &holdWalk{engine: e}
	return h, h.read(tx)
}

// share locks the holds as they are until the transaction ends, and reads them.
func (h *holdWalk) share(tx *gorm.DB) error {
	if h == nil {
		return nil
	}
	if err := h.engine.lockHolds(tx, false); err != nil {
		return err
	}
	return h.read(tx)
}

func (h *holdWalk) read(tx *gorm.DB) (err error) {
	h.graph, h.walk = nil, nil
	if h.holds, err = h.engine.holdsInForce(tx); err != nil || len(h.holds) == 0 {
		return err
	}
	held := map[*policy][]holdRow{}
	var roots []*policy
	for _, p := range h.engine.known(tx) {
		for _, hold := range h.holds {
			if hold.Table == p.schema.Table {
				held[p] = append(held[p], hold)
			}
		}
		if held[p] != nil {
			roots = append(roots, p)
		}
	}
	for _, hold := range h.holds {
		if !slices.ContainsFunc(roots, func(p *policy) bool { return p.schema.Table == hold.Table }) {
			return fmt.Errorf("%w: hold %s is on a row of the table %s, whose model is not known; name it in Config.Models", ErrHeld, hold.ID, hold.Table)
		}
	}
	keys := map[*policy][][]any{}
	for p, holds := range held {
		for _, hold := range holds {
			key, err := p.keyFromText(tx, hold.Key)
			if err != nil {
				return fmt.Errorf("softdelete: hold %s: %w", hold.ID, err)
			}
			keys[p] = append(keys[p], key)
		}
	}
	h.graph = buildGraph(roots, false, func(*relation) bool { return true })
	h.walk = &walk{
		graph: h.graph, prefix: "under_hold", marked: true, archive: true,
		base: func(n *node) func(q *query) {
			if keys[n.policy] == nil {
				return nil
			}
			return func(q *query) { h.heldRows(q, n, held[n.policy], keys[n.policy]) }
		},
		step: func(*query, *edge, string, string) {},
	}
	return nil
}

// heldRows writes the SELECT of the rows that are held themselves, each with its hold as mark.
func (h *holdWalk) heldRows(q *query, n *node, holds []holdRow, keys [][]any) {
	const table = "held_row"
	fields := n.policy.schema.PrimaryFields
	n.selectCarried(q, h.walk, table)
	q.text(", CASE")
	for i, hold := range holds {
		q.text(" WHEN ").key(table, fields).text(" = ")
		row(q, keys[i])
		q.text(" THEN ", q.dialect.String(hold.ID))
	}
	q.text(" END FROM ")
	h.walk.source(q, n.policy)
	q.text(" AS ", table, " WHERE ")
	keyAmong(q, table, n.policy.schema.PrimaryFieldDBNames, keys)
}

// keyFromText reads a key as keyText writes it.
func (p *policy) keyFromText(tx *gorm.DB, text string) (key []any, err error) {
	fields := p.schema.PrimaryFields
	parts := []string{text}
	if len(fields) > 1 {
		parts = strings.Split(text, ",")
	}
	if len(parts) != len(fields) {
		return nil, fmt.Errorf("%w: the key of a %s has %d parts", gorm.ErrInvalidValue, p.schema.Name, len(fields))
	}
	value := reflect.New(p.schema.ModelType).Elem()
	for i, field := range fields {
		part := any(parts[i])
		if field.GORMDataType == schema.Bytes {
			part = []byte(parts[i])
		}
		if err := field.Set(tx.Statement.Context, value, part); err != nil {
			return nil, fmt.Errorf("the key is none of a %s: %w", p.schema.Name, err)
		}
		read, _ := field.ValueOf(tx.Statement.Context, value)
		key = append(key, read)
	}
	return key, nil
}

// node gives the place of a model in the walk, nil where no hold can cover its rows.
func (h *holdWalk) node(p *policy) *node {
	if h == nil || h.graph == nil {
		return nil
	}
	return h.graph.nodeOf(p)
}

// covers tells whether a hold can cover rows of the table.
func (h *holdWalk) covers(t *purgeTable) bool { return h.node(t.policy) != nil }

// with begins a statement that asks held.
func (h *holdWalk) with(q *query) {
	if h != nil && h.graph != nil {
		h.walk.with(q, h.graph.last())
	}
}

// begin writes WITH for tables that follow, after those that held asks for.
func (h *holdWalk) begin(q *query) {
	if h == nil || h.graph == nil {
		q.text("WITH ")
		return
	}
	h.with(q)
	q.text(", ")
}

// held writes the condition that a hold covers the row, in parentheses.
func (h *holdWalk) held(q *query, t *purgeTable, alias string) {
	q.text("(")
	keyOf(q, alias, t.key).text(" IN (")
	h.walk.selectKeys(q, h.node(t.policy))
	q.text("))")
}

// heeds tells whether the deletion destroys rows that holds may cover.
func (d *deletion) heeds() bool {
	return d.engine.plugin.config.Holds && slices.ContainsFunc(d.graph.nodes, func(n *node) bool { return d.action(n.policy) == ActionRemoved })
}

// refuseHeld refuses to destroy rows under a hold. It keeps holds as they are until the deletion ends.
func (d *deletion) refuseHeld(tx *gorm.DB) error {
	if !d.heeds() {
		return nil
	}
	h := &holdWalk{engine: d.engine}
	if err := h.share(tx); err != nil || h.graph == nil {
		return err
	}
	return d.eachHeld(tx, h, func(id string, rows int64, p *policy) error { return h.refusal(id, rows, p) })
}

// foreseeHeld lists the rows under a hold that would refuse the deletion.
func (d *deletion) foreseeHeld(tx *gorm.DB) error {
	if !d.heeds() {
		return nil
	}
	h, err := d.engine.newHoldWalk(tx)
	if err != nil || h.graph == nil {
		return err
	}
	return d.eachHeld(tx, h, func(_ string, rows int64, p *policy) error {
		d.blockers = append(d.blockers, Blocker{Table: p.schema.Table, Rows: rows})
		return nil
	})
}

// eachHeld calls do for every model that the deletion would destroy held rows of, until it returns an error.
func (d *deletion) eachHeld(tx *gorm.DB, h *holdWalk, do func(id string, rows int64, p *policy) error) error {
	for _, n := range d.graph.nodes {
		if d.action(n.policy) != ActionRemoved || h.node(n.policy) == nil {
			continue
		}
		id, rows, err := d.findHeld(tx, h, n)
		if err == nil && rows > 0 {
			err = do(id, rows, n.policy)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// findHeld counts a node's rows that holds cover, and names the first of the holds.
func (d *deletion) findHeld(tx *gorm.DB, h *holdWalk, n *node) (id string, rows int64, err error) {
	if len(n.policy.schema.PrimaryFields) == 0 {
		return h.holds[0].ID, 1, nil // nothing tells which of its rows stand under the hold
	}
	reached, held := d.reach(), h.node(n.policy)
	q := newQuery(tx, d.engine.dialect)
	with(q, d.graph.last(), reached, h.walk)
	q.text("SELECT count(*), coalesce(min(", markColumn, "), '') FROM ").name(h.walk.table(held.component)).text(" WHERE ")
	if len(held.component.nodes) > 1 {
		q.text(nodeColumn, " = ", strconv.Itoa(held.index), " AND ")
	}
	aliases := make([]string, len(n.policy.schema.PrimaryFields))
	for i, field := range n.policy.schema.PrimaryFields {
		aliases[i] = held.carry(field.DBName)
	}
	q.text("(", strings.Join(aliases, ", "), ") IN (")
	reached.selectKeys(q, n)
	q.text(")")
	err = q.rows(func(scan func(...any) error) error { return scan(&rows, &id) })
	return id, rows, err
}

// refusal is the error for held rows. It names the hold and its matter.
func (h *holdWalk) refusal(id string, rows int64, p *policy) error {
	i := slices.IndexFunc(h.holds, func(r holdRow) bool { return r.ID == id })
	if i < 0 {
		return ErrHeld
	}
	hold := h.holds[i]
	return fmt.Errorf("%w: %d %s of %s (table %s) %s under hold %s, matter %q, placed on the row %s of %s; release it first",
		ErrHeld, rows, plural(rows, "row"), p.schema.Name, p.schema.Table, are(rows), hold.ID, hold.Matter, hold.Key, hold.Table)
}

func are(n int64) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
