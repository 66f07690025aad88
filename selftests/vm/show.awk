# Normalises the TAP of one script: one plan, at the end, and a failure for everything
# that the script's TAP alone would hide. Set: rc, its status, and why, if it is lost.
{ last[NR % 15] = $0 }
/^(not )?ok( |$)/ { n++ }
/^not ok( |$)/ && !/# *[Tt][Oo][Dd][Oo]/ { bad++ }
/^1\.\.[0-9]+/ {
	planned = 1
	plan = substr($1, 4) + 0
	if (plan == 0)
		reason = $0
	next
}
{ print }
function add(text) {
	print "not ok " ++n " - " text
	# What was said last is said again where it is looked for.
	for (i = NR > 15 ? NR - 14 : 1; i <= NR; i++)
		if (last[i % 15] !~ /^(not )?ok |^1\.\./)
			print "#   " last[i % 15]
}
END {
	if (why != "")
		add(why)
	else if (!planned)
		add("the script ended before its last test, status " rc)
	else if (plan != n)
		add("planned " plan " tests, ran " (n + 0))
	else if (rc != 0 && !bad)
		add("status " rc " though no test failed")
	print (n ? "1.." n : reason ? reason : "1..0")
}
