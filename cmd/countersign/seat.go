package main

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"countersign/proxies"
	"countersign/steps/target"
)

// seatFlags are the flags that choose what is under test: a server or a proxy.
type seatFlags struct {
	seat, flavour, fault string
	proxies              []string
	owned                bool // the user owns a proxy that is not on this machine
	config               configFlags
}

func (f *seatFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.seat, "seat", target.SeatServer, "what is under test without --target: server (the reference server) or proxy (the proxies of this project)")
	flags.StringSliceVar(&f.proxies, "proxy", proxyKinds, "with --seat proxy: the proxies under test, nginx or apache")
	flags.StringVar(&f.flavour, "flavour", proxies.Hardened, "with --seat proxy: flavour of their configuration: "+strings.Join(flavours, ", "))
	flags.StringVar(&f.fault, "fault", "", "with --seat proxy: build this mistake into the configuration of one proxy, to see which scenarios notice it; its name is in proxies/faults")
	f.config.register(flags)
	flags.BoolVar(&f.owned, "i-own-this-proxy", false, "permit forged requests to a proxy that is not on this machine")
}

// validate returns an error for each flag that has an unknown value or no effect. given reports
// whether the user has set a flag.
func (f *seatFlags) validate(given func(name string) bool) error {
	var wrong problems
	if f.seat != target.SeatServer && f.seat != target.SeatProxy {
		wrong.add("--seat %q is not known; use %s or %s", f.seat, target.SeatServer, target.SeatProxy)
	}
	for _, kind := range f.proxies {
		if !slices.Contains(proxyKinds, kind) {
			wrong.add("--proxy %q is not known; use any of %s, or describe your own proxy in a file for --target", kind, strings.Join(proxyKinds, ", "))
		}
	}
	if !slices.Contains(flavours, f.flavour) {
		wrong.add("--flavour %q is not known; use one of %s", f.flavour, strings.Join(flavours, ", "))
	}
	wrong.join(f.config.validate(given))
	if given("target") && given("seat") {
		wrong.add("--seat has no effect with --target, whose file names the seat; leave out one of the two")
	}
	if f.fault != "" && (len(f.proxies) != 1 || f.flavour != proxies.Hardened) {
		wrong.add("--fault changes the configuration of one proxy; name it with --proxy, and leave out --flavour, which the fault names")
	} else if f.fault != "" && f.seat == target.SeatProxy {
		_, err := proxies.FindFault(proxies.Kind(f.proxies[0]), f.fault)
		wrong.join(err)
	}
	for _, name := range []string{"proxy", "flavour", "fault"} {
		switch {
		case given(name) && f.config.file != "":
			wrong.add("--%s chooses a proxy of this project, and --proxy-config names the file of another; leave out one of the two", name)
		case given(name) && f.seat != target.SeatProxy:
			wrong.add("--%s needs --seat proxy", name)
		}
	}
	return wrong.err()
}

// target returns the description of the proxies of this project.
func (f *seatFlags) target() target.Target {
	if f.fault == "" {
		return target.OwnProxy(f.proxies, f.flavour)
	}
	flavour := f.flavour
	if fault, err := proxies.FindFault(proxies.Kind(f.proxies[0]), f.fault); err == nil { // validate has found it
		flavour = fault.Flavour
	}
	return target.OwnProxy(f.proxies, flavour).WithFault(f.fault)
}

// isOwnProxy reports whether the flags choose proxies of this project.
func (f *seatFlags) isOwnProxy() bool { return f.seat == target.SeatProxy && f.config.file == "" }

// checkOwned returns an error if the target is a proxy on another machine, and the user has not
// confirmed that forged requests may be sent to it.
func (f *seatFlags) checkOwned(t target.Target) error {
	if t.Proxy == nil || t.Proxy.IsLocal(net.LookupIP) || f.owned {
		return nil
	}
	return withHint(fmt.Errorf("the proxy under test, %s, is not on this machine, and the suite sends forged identities to it", t.Proxy.URL),
		"add --i-own-this-proxy if you may test this proxy")
}

// chooseTarget returns what is under test: the reference server, proxies of this project, the configuration
// of an installation, or what a target file describes.
func (f *runFlags) chooseTarget(wrong *problems) target.Target {
	chosen := target.Reference(serverProgram)
	switch {
	case f.target != "":
		t, err := target.Load(f.target, os.LookupEnv)
		wrong.join(err)
		if chosen = t; t.Like == target.LikeReference {
			f.like = &t
			chosen = t.Over(target.Reference(serverProgram))
		}
		wrong.join(f.seat.checkOwned(t))
	case f.seat.config.file != "":
		chosen = target.Target{Seat: target.SeatProxy, Instances: target.DefaultInstances, Proxy: &target.Proxy{Config: f.seat.config.file}}
	case f.seat.isOwnProxy():
		chosen = f.seat.target()
	}
	if p := chosen.Proxy; p != nil && p.IsAdapted() && wrong.err() == nil {
		var err error
		chosen, err = f.seat.config.read(chosen)
		wrong.join(err)
	}
	return chosen
}
