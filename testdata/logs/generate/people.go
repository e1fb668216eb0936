package main

import (
	"fmt"
	"strings"
	"time"
)

// A person has an account of home.
type person struct{ name, ip, agent, token string }

var locals = strings.Fields("alice bruno carla dilan elif frida gustav hedda imre jolanda karim lotte milo nadja oskar paula ramon selma tomas ursel valentin wanda xaver yusuf zita anselm beate cosima dorian esra")

func (w *world) person() *person { return w.people[w.few(len(w.people))] }

func (w *world) makePeople() {
	agents := []string{"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Tusky/27.2 Android/15 OkHttp/4.12.0",
		"Mozilla/5.0 (X11; CrOS x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", "Ivory/23121"}
	for i := range locals {
		w.people = append(w.people, &person{locals[i], w.address(i%2 == 0), agents[w.few(len(agents))], w.hex(32)})
	}
}

func (w *world) peopleLive() {
	for _, u := range w.people {
		w.spread(4, func() { w.visit(u) })
	}
	w.spread(14, func() { w.signIn(w.person()) })
}

func (w *world) asks(u *person, method, uri, action string, status int) {
	r := request{ip: u.ip, method: method, uri: uri, status: status, bytes: 900 + w.rng.IntN(20000), took: 45 * ms, agent: u.agent, action: action}
	if action != "" {
		r.format = "json"
	}
	if strings.HasPrefix(uri, "/auth/") {
		r.format = "html"
	}
	w.serve(r)
}

// visit is some minutes with the timeline: pictures, notifications, a favourite, perhaps a post.
func (w *world) visit(u *person) {
	w.asks(u, "GET", "/api/v1/timelines/home?limit=40", "Api::V1::Timelines::HomeController#show", 200)
	w.after(200*ms, func() {
		w.asks(u, "GET", "/api/v2/notifications?limit=40", "Api::V2::NotificationsController#index", 200)
	})
	w.after(3*time.Minute, func() { w.stream(u) })
	for range 2 + w.rng.IntN(5) {
		uri := "/system/cache/media_attachments/files/115/" + w.hex(3) + "/small/" + w.hex(16) + ".jpg"
		w.after(w.upTo(time.Minute)+ms, func() { w.asks(u, "GET", uri, "", 200) })
	}
	if w.chance(60) {
		uri := "/api/v1/statuses/" + w.status() + "/favourite"
		w.after(30*time.Second, func() { w.asks(u, "POST", uri, "Api::V1::Statuses::FavouritesController#create", 200) })
	}
	if w.chance(45) {
		w.after(time.Minute, func() { w.post(u) })
	}
}

// stream ends the connection that was open during a visit. The token stands in its query, as it does.
func (w *world) stream(u *person) {
	w.serve(request{ip: u.ip, method: "GET", uri: "/api/v1/streaming?access_token=" + u.token + "&stream=user", status: 101,
		bytes: 20000 + w.rng.IntN(90000), took: 4 * time.Minute, agent: u.agent, proxied: true})
}

// post publishes a status: it is delivered to some peers, of which some come to look at it.
func (w *world) post(u *person) {
	w.asks(u, "POST", "/api/v1/statuses", "Api::V1::StatusesController#create", 200)
	id := w.status()
	w.enqueue(w.now, job{class: "DistributionWorker", took: 40 * ms})
	w.enqueue(w.now, job{class: "ActivityPub::DistributionWorker", took: 50 * ms, then: func() {
		for range 3 + w.rng.IntN(6) {
			p := w.peer()
			w.enqueue(w.now, job{class: "ActivityPub::DeliveryWorker", took: 150 * ms})
			if w.chance(30) {
				w.after(10*time.Second, func() { w.fetch(p, u, id) })
			}
		}
		if w.chance(25) {
			w.enqueue(w.now, w.undeliverable(u, id))
		}
	}})
}

// undeliverable returns a delivery to a peer that died.
func (w *world) undeliverable(u *person, id string) job {
	const inbox = "https://gone-dark.example/inbox"
	w.dead++
	j := job{class: "ActivityPub::DeliveryWorker", queue: "push", took: 900 * ms,
		args: fmt.Sprintf(`"{\"id\":\"https://%s/users/%s/statuses/%s/activity\",\"type\":\"Create\",\"object\":{\"content\":\"<p>made up</p>\"}}", %d, "%s", {"synchronize_followers" => true}`,
			home, u.name, id, 116000000+w.rng.IntN(999), inbox)}
	j.fails = "failed to connect: Connection refused - connect(2) for [2001:db8:dead::1]:443 for " + inbox + " (HTTP::ConnectionError)"
	if w.dead%4 == 0 {
		j.fails, j.took = inbox+" (Stoplight::Error::RedLight)", ms
		w.loggerSays(w.now, "WARN", "Switching "+inbox+" from green to red because HTTP::ConnectionError failed to connect: Connection refused")
	}
	return j
}

// signIn is a person's: right at once, or after a mistake or two.
func (w *world) signIn(u *person) {
	w.asks(u, "GET", "/auth/sign_in", "Auth::SessionsController#new", 200)
	t := 8 * time.Second
	for range w.few(3) {
		w.after(t, func() { w.wrongPassword(u.ip, u.agent) })
		t += 20 * time.Second
	}
	w.after(t, func() { w.rightPassword(u.ip, u.agent) })
}

// wrongPassword is 200 to nginx; Rails tells of the attempt and, under the same id, of the form.
func (w *world) wrongPassword(ip, agent string) {
	r := request{ip: ip, method: "POST", uri: "/auth/sign_in", status: 200, bytes: 9120, took: 180 * ms, agent: agent, proxied: true}
	done := w.serve(r)
	id := w.uuid()
	line := "method=POST path=/auth/sign_in format=html controller=Auth::SessionsController action=%s status=%d allocations=2980 duration=%d.41 view=%d.20 db=2.10"
	w.railsSays(done.Add(-20*ms), id, fmt.Sprintf(line, "create", 0, 96+w.rng.IntN(40), 0))
	w.railsSays(done.Add(-2*ms), id, fmt.Sprintf(line, "new", 200, 14+w.rng.IntN(6), 11))
}

func (w *world) rightPassword(ip, agent string) {
	w.serve(request{ip: ip, method: "POST", uri: "/auth/sign_in", status: 302, took: 190 * ms, agent: agent,
		action: "Auth::SessionsController#create", format: "html", says: " location=https://" + home + "/"})
}
