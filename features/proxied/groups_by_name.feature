Feature: Groups by name
  Unless it is told otherwise, the server takes what the proxy lists for the names of groups. A group
  that has been renamed behind the proxy is a new one to it.

  Rule: Names are compared as they are written

    Background:
      Given a server configured with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |

    @PA-294
    Scenario: A group is known by its name
      Given a group "engineers"
      And a group "managers"
      And "alice" is in the groups "engineers" at the proxy
      When "alice" signs in
      Then "alice" is a member of "engineers"
      And "alice" is not a member of "managers"

    @PA-295
    Scenario Outline: Letter case counts: <listed> is not Engineers
      Given a group "Engineers"
      And "alice" is in the groups "Engineers" at the proxy
      And "bob" is in the groups "<listed>" at the proxy
      When "alice" signs in
      And "bob" signs in
      Then "alice" is a member of "Engineers"
      And "bob" is not a member of "Engineers"

      Examples:
        | listed    |
        | engineers |
        | ENGINEERS |

    @PA-343
    Scenario: No two groups have the same name
      Given a group "managers"
      And a group "engineers"
      When the administrator creates a group "engineers"
      Then the creation is refused

  Rule: A group renamed behind the proxy is ignored where groups are provisioned by hand

    Background:
      Given a server configured with:
        | ProxyAuth.GroupsHeader | X-Auth-Groups |
      And a publisher "paula"
      And "paula" has published python-api content "app"
      And a group "engineers"
      And the group "engineers" may view "app"
      And "alice" is in the groups "engineers" at the proxy
      And "alice" signs in
      And "alice" is a member of "engineers"
      And "alice" can open "app"
      And "alice" is in the groups "platform" at the proxy
      When "alice" signs in again

    @PA-296 @PA-298 @PA-299 @PA-300
    Scenario: The old group stays as it is, without the member
      Then there is a group "engineers" (PA-299)
      And the group "engineers" is on the access list of "app" (PA-300)
      And there is no group "platform" (PA-298)
      And "alice" is not a member of "engineers" (PA-296)
      And "alice" cannot open "app" (PA-296)

    @PA-301 @PA-302
    Scenario: Renaming the group on the server as well keeps all that it had
      When the administrator renames the group "engineers" to "platform"
      And "alice" signs in again
      Then there is a group "platform" (PA-301)
      And "alice" is a member of "platform" (PA-301)
      And the group "platform" is on the access list of "app" (PA-302)
      And "alice" can open "app" (PA-302)

  Rule: A group renamed behind the proxy is added where groups are provisioned automatically

    Background:
      Given a server configured with:
        | ProxyAuth.GroupsHeader        | X-Auth-Groups |
        | ProxyAuth.GroupsAutoProvision | true          |
      And a publisher "paula"
      And "paula" has published python-api content "app"
      And "alice" is in the groups "engineers" at the proxy
      And "alice" signs in
      And the group "engineers" may view "app"
      And "alice" can open "app"
      And "alice" is in the groups "platform" at the proxy
      When "alice" signs in again

    @PA-296 @PA-297 @PA-299 @PA-300
    Scenario: There are two groups then
      Then there is a group "engineers" (PA-299)
      And the group "engineers" is on the access list of "app" (PA-300)
      And there is a group "platform" (PA-297)
      And the group "platform" is not on the access list of "app" (PA-300)
      And "alice" is a member of "platform" (PA-296)
      And "alice" is not a member of "engineers" (PA-296)

    @PA-303
    Scenario: The new group has to go before the old one can have its name
      Given a group "managers"
      And the administrator renames the group "managers" to "owners"
      When the administrator renames the group "engineers" to "platform"
      Then the renaming is refused
      And there is a group "engineers"
      When the administrator removes the group "platform"
      And the administrator renames the group "engineers" to "platform"
      And "alice" signs in again
      Then there is a group "platform"
      And "alice" is a member of "platform"
      And "alice" can open "app"
