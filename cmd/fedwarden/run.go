package main

type runCommand struct {
	Config string   `help:"Configuration file." type:"path" placeholder:"FILE" env:"FEDWARDEN_CONFIG"`
	State  string   `help:"State directory." type:"path" placeholder:"DIR"`
	Inputs []string `arg:"" optional:"" name:"input" help:"Log files to follow: a path, a glob, or nginx:PATH, rails:PATH, sidekiq:PATH; else those of the configuration, else what is found on this machine."`
}

// Run follows the inputs until the console's context ends.
func (r *runCommand) Run(c *console) error {
	cfg, err := loadConfig(r.Config)
	if err != nil {
		return usageError{err}
	}
	s := newService(r, c, stateDir(r.State, cfg))
	defer s.close()
	return s.run(c.ctx, cfg)
}
