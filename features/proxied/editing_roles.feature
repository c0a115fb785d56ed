Feature: Editing roles
  An administrator can edit a role on the server unless the proxy sends the role or a role mapping sets it.
  Each refused change is compared with a change of the same user that was made.

  Rule: Roles can be edited if neither a header nor a mapping sets them

    Background:
      Given "alice" has signed in

    @PA-202
    Scenario Outline: An administrator can change a user's role to <role>, and the next sign-in keeps it
      When the administrator changes the role of "alice" to "<role>"
      Then the change is made
      When "alice" signs in again
      Then the role of "alice" is "<role>"

      Examples:
        | role          |
        | publisher     |
        | administrator |

    @SEC-015
    Scenario Outline: A user cannot change their own role to <role>
      Given "alice" has changed her first name to "Alicia"
      When "alice" changes her role to "<role>"
      Then the change is refused

      Examples:
        | role          |
        | publisher     |
        | administrator |

    @SEC-015
    Scenario: A locked user cannot sign in although the proxy sends a valid identity
      When the administrator locks "alice"
      And "alice" signs in again
      Then the request is refused

  Rule: Roles cannot be edited if a header or a mapping sets them

    @PA-203
    Scenario: With UserRoleMapping, an administrator cannot change the role of a user
      Given a server configured with:
        | ProxyAuth.RoleHeader                   | X-Auth-RSC-Role |
        | Authorization.UserRoleMapping          | true            |
        | Authorization.ViewerRoleMapping        | "HR"            |
        | Authorization.ViewerRoleMapping        | "Marketing"     |
        | Authorization.ViewerRoleMapping        | "Support"       |
        | Authorization.PublisherRoleMapping     | "Engineering"   |
        | Authorization.PublisherRoleMapping     | "CORP\\\\staff" |
        | Authorization.AdministratorRoleMapping | "IT"            |
        | Authorization.AdministratorRoleMapping | "Support"       |
      And the administrator has changed the first name of "alice" to "Alicia"
      When the administrator changes the role of "alice" to "publisher"
      Then the change is refused

    @PA-204
    Scenario: With UserRoleGroupMapping, an administrator cannot change the role of a user
      Given a server configured with:
        | ProxyAuth.GroupsHeader                 | X-Auth-Groups       |
        | Authorization.UserRoleGroupMapping     | true                |
        | Authorization.PublisherRoleMapping     | "Developers"        |
        | Authorization.AdministratorRoleMapping | "Dev-Leaders"       |
        | Authorization.AdministratorRoleMapping | "IT-Administrators" |
      And the administrator has changed the first name of "alice" to "Alicia"
      When the administrator changes the role of "alice" to "publisher"
      Then the change is refused

    @PA-205
    Scenario: With RoleHeader set, an administrator cannot change the role of a user
      Given a server configured with:
        | ProxyAuth.RoleHeader | X-Auth-RSC-Role |
      And the administrator has changed the first name of "alice" to "Alicia"
      When the administrator changes the role of "alice" to "publisher"
      Then the change is refused
