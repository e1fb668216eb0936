package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/fedwarden/fedwarden/pipeline/source/kafka"
)

type kafkaCommand struct {
	Check kafkaCheckCommand `cmd:"" help:"Tell whether brokers, topics, rights and formats are as needed."`
}

type kafkaCheckCommand struct {
	Config  string `help:"Configuration file." type:"path" placeholder:"FILE" env:"FEDWARDEN_CONFIG"`
	Records int    `help:"How many of the last records of each partition to look at." default:"20"`
	Output  string `help:"text or json: one object for each thing that was looked at." enum:"text,json" default:"text"`
}

// Run looks at every Kafka input of the configuration, and fails if anything is not as needed.
func (k *kafkaCheckCommand) Run(c *console) error {
	cfg, err := loadConfig(k.Config)
	if err != nil {
		return usageError{err}
	}
	if k.Records < 1 {
		return usageError{errors.New("kafka check: --records must be at least 1")}
	}
	looked, failed := 0, 0
	var printing error
	for i := range cfg.Inputs {
		in := &cfg.Inputs[i]
		if in.Kafka == nil {
			continue
		}
		err := kafka.Check(c.ctx, in.kafkaConfig(cfg), k.Records, func(v kafka.Verdict) {
			if looked++; !v.OK {
				failed++
			}
			printing = errors.Join(printing, k.print(c, v))
		})
		if err = errors.Join(err, printing, c.ctx.Err()); err != nil {
			return err
		}
	}
	switch {
	case looked == 0:
		return usageError{errors.New("kafka check: the configuration has no input of kafka")}
	case failed > 0:
		return fmt.Errorf("kafka check: %d of %d are not as needed", failed, looked)
	}
	return nil
}

func (k *kafkaCheckCommand) print(c *console, v kafka.Verdict) error {
	if k.Output == "json" {
		enc := json.NewEncoder(c.out)
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	}
	state := "ok  "
	if !v.OK {
		state = "FAIL"
	}
	text := fmt.Sprintf("%s %s: %s", state, v.What, plainLine(v.Detail))
	if v.Do != "" {
		text += "\n     → " + plainLine(v.Do)
	}
	_, err := fmt.Fprintln(c.out, text)
	return err
}

// plainLine keeps what brokers and shippers have named on its line.
func plainLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
