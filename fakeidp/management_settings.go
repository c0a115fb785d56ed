package fakeidp

import (
	"fmt"
	"net/http"

	"countersign/fakeidp/control"
)

// The handlers of this file change how an issuer behaves: its faults, its clock, its keys, and what it does not check.

func (m manager) setFaults(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	var list control.Faults
	if err := read(r, &list); err != nil {
		return 0, nil, err
	}
	if list.Faults == nil {
		return 0, nil, fmt.Errorf("faults: want a list; DELETE removes all faults")
	}
	return 0, nil, is.setFaults(list.Faults)
}

func (m manager) showFaults(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, is.reportFaults(), nil
}

func (m manager) removeFaults(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	return 0, nil, is.setFaults(nil)
}

func (m manager) setClock(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	var c control.ClockSetting
	if err := read(r, &c); err != nil {
		return 0, nil, err
	}
	if err := is.setClock(c); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, is.describeClock(), nil
}

func (m manager) showClock(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, is.describeClock(), nil
}

func (m manager) releaseClock(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	return 0, nil, is.setClock(control.ClockSetting{})
}

func (m manager) rotateKey(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	var rotation control.KeyRotation
	if err := read(r, &rotation); err != nil {
		return 0, nil, err
	}
	if err := is.rotateKey(rotation.RetireOld); err != nil {
		return 0, nil, &statusError{http.StatusInternalServerError, err.Error()}
	}
	return http.StatusCreated, is.keys.Load().describe(), nil
}

func (m manager) showKeys(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, is.keys.Load().describe(), nil
}

func (m manager) setLax(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	var l control.Lax
	if err := read(r, &l); err != nil {
		return 0, nil, err
	}
	return 0, nil, missing(is.setLax(r.PathValue("client"), l))
}

func (m manager) showLax(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	c := is.client(r.PathValue("client"))
	if c == nil {
		return 0, nil, &statusError{http.StatusNotFound, "no such client"}
	}
	return http.StatusOK, c.lax(), nil
}

func (m manager) removeLax(r *http.Request) (int, any, error) {
	is, err := m.findIssuer(r)
	if err != nil {
		return 0, nil, err
	}
	return 0, nil, missing(is.setLax(r.PathValue("client"), control.Lax{}))
}
