package detectors

var benignRows = []row{}
