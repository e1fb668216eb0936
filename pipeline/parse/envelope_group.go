package parse

// group takes in a nested object. Which groups there are says who has sent it.
func (l *letter) group(key, raw string) {
	switch key {
	case "agent", "beat", "@metadata", "ecs", "kubernetes":
		l.marks |= markShipper
	case "systemd", "journald":
		l.marks |= markJournal
	case "data":
		l.data = raw
		return
	case "body":
		for key, value := range members(raw) {
			if key == "stringValue" {
				first(&l.texts[textBody], value)
			}
		}
		return
	case "log", "host", "container", "docker", "event", "file", "process", "attrs", "label", "labels", "syslog":
	default:
		return
	}
	for name, value := range members(raw) {
		if value != "" {
			l.inGroup(key, name, value)
		}
	}
}

// inGroup takes in a member of a group, or of a group in it.
func (l *letter) inGroup(group, key, raw string) {
	switch group {
	case "host":
		if key == "name" || key == "hostname" {
			l.note(&l.origin.Host, raw)
		}
	case "beat":
		if key == "hostname" || key == "name" {
			l.note(&l.origin.Host, raw)
		}
	case "file":
		if key == "path" {
			l.note(&l.origin.File, raw)
		}
	case "event":
		if key == "original" {
			first(&l.texts[textOriginal], raw)
		}
	case "systemd":
		if key == "unit" {
			l.note(&l.origin.Unit, raw)
		}
	case "process", "syslog":
		if key == "name" || key == "program" || key == "appname" || key == "identifier" {
			l.note(&l.origin.Program, raw)
		}
	case "attrs":
		if key == "tag" {
			l.note(&l.origin.Container, raw)
		}
		l.attribute(key, raw)
	case "label", "labels":
		l.attribute(key, raw)
	case "log", "docker":
		l.group(key, raw)
	case "container":
		l.inContainer(key, raw)
	case "kubernetes":
		l.inPod(key, raw)
	}
}

func (l *letter) inContainer(key, raw string) {
	switch key {
	case "name":
		l.note(&l.origin.Container, raw)
	case "id":
		first(&l.id, l.str(raw))
	case "labels":
		l.group(key, raw)
	}
}

// inPod reads what kubernetes' shippers add: flat, as Fluent Bit and Vector do, or nested, as Filebeat.
func (l *letter) inPod(key, raw string) {
	switch key {
	case "pod_name":
		l.note(&l.origin.Container, raw)
	case "container_name":
		l.note(&l.origin.Service, raw)
	case "host", "pod_node_name":
		l.note(&l.origin.Host, raw)
	case "pod", "container", "node":
		for name, value := range members(raw) {
			if name != "name" || value == "" {
				continue
			}
			l.inPod(flatName(key), value)
		}
	}
}

// flatName returns the flat name of what is nested.
func flatName(key string) string {
	switch key {
	case "pod":
		return "pod_name"
	case "container":
		return "container_name"
	}
	return "host"
}
