package sidebyside_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete/internal/conformance/upgrade/office"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestTheNewerReleaseComesToTheDatabaseOfTheOlder(t *testing.T) {
	each(t, func(d *deployment) {
		d.must(d.older, call{Do: "migrate"})
		d.unmigrated = true
		d.story(1, "the newer one has not migrated yet")
		d.must(d.newer, call{Do: "migrate"})
		d.unmigrated = false
		d.story(3, "the newer one has migrated")
		d.must(d.older, call{Do: "migrate"})
		d.story(5, "a process of the older one has started again")
		d.must(d.newer, call{Do: "migrate"})
		d.story(7, "a process of the newer one has started again")
		d.end()
	})
}

func TestTheOlderReleaseComesToTheDatabaseOfTheNewer(t *testing.T) {
	each(t, func(d *deployment) {
		d.must(d.newer, call{Do: "migrate"})
		d.story(1, "the older one has not migrated")
		d.must(d.older, call{Do: "migrate"})
		d.story(3, "the older one has migrated")
		d.end()
	})
}

func TestBothReleasesWorkAtOnce(t *testing.T) {
	each(t, func(d *deployment) {
		d.must(d.older, call{Do: "migrate"})
		d.must(d.newer, call{Do: "migrate"})
		for i := range uint(6) {
			id := 1000 + i
			name := fmt.Sprint("load", id)
			d.must(d.older, call{Do: "create", Model: "Client", Row: office.Client{ID: id, Name: name, Email: name}})
			d.must(d.newer, call{Do: "create", Model: "Matter", Row: office.Matter{ID: id * 10, ClientID: id, Title: name, State: "open"}})
			d.must(d.newer, call{Do: "create", Model: "Bill", Row: office.Bill{ID: id, ClientID: id, Number: name}})
		}
		for round := range fixture.Rounds(6) {
			var wait sync.WaitGroup
			answers := make([]answer, 2)
			errs := make([]error, 2)
			for i, r := range d.releases() {
				wait.Go(func() { answers[i], errs[i] = r.tell(call{Do: "load", Seed: uint64(2*round + i)}) })
			}
			wait.Wait()
			require.Equal(d.t, []error{nil, nil}, errs)
			for i, r := range d.releases() {
				require.Empty(d.t, answers[i].Error, "%s, round %d", r.name, round)
			}
			d.agree()
		}
		require.Greater(d.t, fixture.Rows(d.t, d.tables, "clients_events"), 30, "they have done something")
		require.Greater(d.t, fixture.Rows(d.t, d.tables, "bills_events"), 15)
	})
}

func TestEachReplaysWhatTheOtherErased(t *testing.T) {
	each(t, func(d *deployment) {
		d.must(d.older, call{Do: "migrate"})
		d.must(d.newer, call{Do: "migrate"})
		created := d.now
		// backup is the database as it was before the erasures.
		backup := func() {
			fixture.Exec(t, d.tables, "DELETE FROM clients", "DELETE FROM visitors")
			for _, table := range []string{
				"clients_events", "visitors_events", "softdelete_certificates", "softdelete_certificate_head", "softdelete_erased_rows",
				"softdelete_erasure_outbox", "softdelete_deletions",
			} {
				fixture.Exec(t, d.tables, "DELETE FROM "+table)
			}
			for id := range uint(2) {
				d.must(d.older, call{Do: "create", Model: "Client", Row: office.Client{ID: id + 1, CreatedAt: created, Name: "Canary", Email: fmt.Sprint("canary", id)}})
				d.must(d.older, call{Do: "create", Model: "Visitor", Row: office.Visitor{Country: "a,b", Number: fmt.Sprint(id), CreatedAt: created, Name: "Canary"}})
			}
		}
		backup()
		for id, r := range d.releases() {
			d.must(r, call{Do: "erase", Model: "Client", Row: office.Client{ID: uint(id) + 1}, Text: "client-" + r.name})
			d.must(r, call{Do: "erase", Model: "Visitor", Row: office.Visitor{Country: "a,b", Number: fmt.Sprint(id)}, Text: "visitor-" + r.name})
		}
		for _, r := range d.releases() {
			backup()
			d.rows(4, r, call{Do: "replay"})
			require.Zero(t, fixture.Rows(t, d.tables, "clients", "name = ?", "Canary"))
			require.Zero(t, fixture.Rows(t, d.tables, "visitors", "name = ?", "Canary"))
			d.agree()
		}
	})
}

// story lets each release do everything with a client of its own, while the other one looks, undoes and goes on.
func (d *deployment) story(first uint, when string) {
	t := d.t
	d.t.Run(when, func(inner *testing.T) {
		d.t = inner
		d.chapter(first, d.older, d.newer)
		d.chapter(first+1, d.newer, d.older)
		d.agree()
	})
	d.t = t
}

func (d *deployment) chapter(id uint, one, other *release) {
	d.t.Helper()
	client := office.Client{ID: id}
	email := fmt.Sprintf("canary%d@example.com", id)
	phone := "555-canary"
	d.must(one, call{Do: "create", Model: "Client", Row: office.Client{ID: id, Name: "Canary", Email: email, Phone: &phone}})
	d.must(other, call{Do: "create", Model: "Matter", Row: office.Matter{ID: id * 10, ClientID: id, Title: "canary", State: "review"}})
	d.must(one, call{Do: "create", Model: "Matter", Row: office.Matter{ID: id*10 + 1, ClientID: id, Title: "canary", State: "open"}})
	d.must(other, call{Do: "create", Model: "Paper", Row: office.Paper{ID: id, MatterID: id * 10, Text: "canary"}})
	d.must(one, call{Do: "create", Model: "Bill", Row: office.Bill{ID: id, ClientID: id, Number: fmt.Sprint("2026/", id), Cents: 1, Payer: "Canary"}})
	d.must(other, call{Do: "create", Model: "BillLine", Row: office.BillLine{ID: id, BillID: id, Text: "hours"}})
	d.rows(1, one, call{Do: "update", Model: "Client", Row: client, Set: map[string]any{"balance": 1}})
	d.rows(1, other, call{Do: "update", Model: "Client", Row: client, Set: map[string]any{"balance": 2}})

	d.marks(id, one, other)
	d.archives(id, one, other)

	hold := d.must(one, call{Do: "hold", Model: "Client", Row: client, Text: "a matter"}).ID
	d.refused(other, "ErrHeld", call{Do: "remove", Model: "Matter", Row: office.Matter{ID: id * 10}})
	if d.certifies(other) {
		d.refused(other, "ErrHeld", call{Do: "erase", Model: "Client", Row: client, Text: fmt.Sprint("early-", id)})
	}
	d.must(other, call{Do: "release", Text: hold})
	d.erasure(id, one, other)
}

// erasure is one by a release, and what the other makes of it. A release that cannot write certificates says so.
func (d *deployment) erasure(id uint, one, other *release) {
	d.t.Helper()
	client, bill := office.Client{ID: id}, office.Bill{ID: id}
	request := call{Do: "erase", Model: "Client", Row: client, Text: fmt.Sprint("request-", id)}
	for _, r := range d.releases() {
		if !d.certifies(r) {
			refusal := d.do(r, request)
			require.Contains(d.t, refusal.Error, "AutoMigrate(softdelete.Tables()...)")
			one, other = d.older, d.newer
		}
	}
	if one == d.older && d.numbered {
		require.NotEmpty(d.t, d.do(one, request).Error, "it would empty the number of the archived rows")
		one, other = d.newer, d.older
	}
	certificate := d.must(one, request)
	if d.certifies(other) {
		require.Equal(d.t, fieldOf(d, certificate, "hash"), fieldOf(d, d.must(other, request), "hash"), "one request is one certificate")
	}
	d.refused(other, "ErrErased", call{Do: "restore", Model: "Client", Row: client})
	d.refused(other, "ErrErased", call{Do: "save", Model: "Client", Row: office.Client{ID: id, Name: "Canary", Email: fmt.Sprintf("canary%d@example.com", id)}})
	d.must(other, call{Do: "dispatch"})
	require.Zero(d.t, d.must(other, call{Do: "take", Model: "Client", Row: client}).Rows, "deleted")
	d.must(one, call{Do: "delete", Model: "Bill", Row: bill})
}

// fieldOf is a field of what an answer gives.
func fieldOf(d *deployment, a answer, name string) any {
	d.t.Helper()
	var fields map[string]any
	require.NoError(d.t, json.Unmarshal(a.Value, &fields))
	require.NotEmpty(d.t, fields[name])
	return fields[name]
}

// marks are deletions in place, and what each release makes of the other's.
func (d *deployment) marks(id uint, one, other *release) {
	d.t.Helper()
	client := office.Client{ID: id}
	d.rows(1, other, call{Do: "delete", Model: "Matter", Row: office.Matter{ID: id*10 + 1}})
	deleted := d.rows(3, one, call{Do: "delete", Model: "Client", Row: client})
	require.Zero(d.t, d.must(other, call{Do: "take", Model: "Client", Row: client}).Rows)
	require.Zero(d.t, d.must(other, call{Do: "take", Model: "Paper", Row: office.Paper{ID: id}}).Rows)
	d.rows(0, other, call{Do: "delete", Model: "Client", Row: client})
	d.refused(other, "ErrParentDeleted", call{Do: "create", Model: "Matter", Row: office.Matter{ID: id*10 + 2, ClientID: id, State: "open"}})
	d.refused(other, "ErrRowDeleted", call{Do: "save", Model: "Client", Row: office.Client{ID: id, Name: "stale", Email: fmt.Sprintf("canary%d@example.com", id)}})
	d.rows(3, other, call{Do: "restore deletion", Text: deleted.ID})
	var matter office.Matter
	require.NoError(d.t, json.Unmarshal(d.rows(1, one, call{Do: "take", Model: "Matter", Row: office.Matter{ID: id * 10}}).Value, &matter))
	require.Equal(d.t, "review", matter.State)
	require.Zero(d.t, d.must(one, call{Do: "take", Model: "Matter", Row: office.Matter{ID: id*10 + 1}}).Rows, "deleted before")

	d.rows(3, other, call{Do: "delete", Model: "Client", Row: client})
	heir := office.Client{ID: 100 + id, Name: "heir", Email: fmt.Sprintf("canary%d@example.com", id)}
	d.must(one, call{Do: "create", Model: "Client", Row: heir})
	for _, r := range []*release{one, other} {
		d.refused(r, "ErrRestoreConflict", call{Do: "restore", Model: "Client", Row: client})
	}
	d.rows(1, other, call{Do: "remove", Model: "Client", Row: office.Client{ID: 100 + id}})
	d.rows(3, one, call{Do: "restore", Model: "Client", Row: client})
	d.rows(1, one, call{Do: "restore", Model: "Matter", Row: office.Matter{ID: id*10 + 1}})
}

// archives are moves, and a key that is archived by both.
func (d *deployment) archives(id uint, one, other *release) {
	d.t.Helper()
	bill := office.Bill{ID: id}
	d.rows(2, one, call{Do: "delete", Model: "Bill", Row: bill})
	d.rows(2, d.restorer(other, bill), call{Do: "restore", Model: "Bill", Row: bill})
	d.rows(2, other, call{Do: "delete", Model: "Bill", Row: bill})
	again := office.Bill{ID: id, ClientID: id, Number: fmt.Sprint("2026/", id), Cents: 2, Payer: "Canary"}
	d.must(one, call{Do: "create", Model: "Bill", Row: again})
	d.refused(other, "ErrRestoreConflict", call{Do: "restore", Model: "Bill", Row: bill})
	d.rows(1, one, call{Do: "delete", Model: "Bill", Row: bill})
	d.rows(1, d.restorer(other, bill), call{Do: "restore", Model: "Bill", Row: bill})
	var found office.Bill
	require.NoError(d.t, json.Unmarshal(d.rows(1, one, call{Do: "take", Model: "Bill", Row: bill}).Value, &found))
	require.EqualValues(d.t, 2, found.Cents, "the last one that was archived")
}

// restorer is the release that restores archived rows: the one that is asked, or the newer one where the older one has refused.
func (d *deployment) restorer(asked *release, bill office.Bill) *release {
	d.t.Helper()
	if asked == d.newer || !d.numbered {
		return asked
	}
	refusal := d.do(asked, call{Do: "restore", Model: "Bill", Row: bill})
	require.NotEmpty(d.t, refusal.Error, "with the database's words where it has looked at the archive before")
	d.refused(asked, "ErrUnsupported", call{Do: "restore", Model: "Bill", Row: bill})
	return d.newer
}

// end lets both purge at once, and each thaw what the other has stored.
func (d *deployment) end() {
	d.t.Helper()
	for id := range uint(20) {
		d.must(d.releases()[id%2], call{Do: "create", Model: "Lease", Row: office.Lease{ID: id + 1, Region: "north"}})
		d.must(d.releases()[(id+1)%2], call{Do: "delete", Model: "Lease", Row: office.Lease{ID: id + 1}})
	}
	d.now = d.now.Add(60 * 24 * time.Hour)
	var wait sync.WaitGroup
	answers := make([]answer, 2)
	errs := make([]error, 2)
	for i, r := range d.releases() {
		wait.Go(func() { answers[i], errs[i] = r.tell(call{Do: "purge", Now: d.now}) })
	}
	wait.Wait()
	require.Equal(d.t, []error{nil, nil}, errs)
	var leases int64
	stored := map[*release][]string{}
	for i, r := range d.releases() {
		require.Empty(d.t, answers[i].Error, r.name)
		var models []struct {
			Table            string
			Done             int64
			ColdBatches      []string
			ColdBatchesOfNow []string `json:"cold_batches"`
		}
		require.NoError(d.t, json.Unmarshal(answers[i].Value, &models))
		for _, m := range models {
			if m.Table == "leases" {
				leases += m.Done
			}
			if m.Table == "bills_archive" {
				stored[r] = append(m.ColdBatches, m.ColdBatchesOfNow...)
			}
		}
	}
	require.EqualValues(d.t, 20, leases, "each row went once")
	require.NotEmpty(d.t, append(stored[d.older], stored[d.newer]...))
	d.agree()
	for i, r := range d.releases() {
		for _, batch := range stored[d.releases()[1-i]] {
			thawed := d.do(r, call{Do: "thaw", Text: batch})
			if thawed.Error != "" { // a key that was archived twice is in two batches, of which one can come back
				require.Contains(d.t, thawed.Refused, "ErrRestoreConflict", thawed.Error)
			}
		}
	}
	d.agree()
}
