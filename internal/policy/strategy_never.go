package policy

// neverStrategy lets no row be deleted.
type neverStrategy struct{ unmarked }

func (neverStrategy) Word() string { return "never" }

func (b *policyBuilder) settleNever() { b.Strategy = neverStrategy{} }

// Never tells whether no row of the model is ever deleted.
func (p *Policy) Never() bool { _, ok := p.Strategy.(neverStrategy); return ok }
