Feature: Generated usernames
  A server that identifies people by a unique id needs a username or an email address of them as well.
  Where it gets addresses only, it makes a username of the part before the domain when somebody first
  signs in, with a number behind it where that is taken. The username can be edited later.

  Rule: A username is made of the email address

    Background:
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.EmailHeader    | X-Auth-Email    |

    @PA-169 @PA-170 @PA-172
    Scenario: Somebody without a username
      Given "jane" has the email "jane.roe@example.com" at the proxy
      When "jane" signs in
      Then one account has the username of "jane" (PA-169)
      And the username of "jane" is "jane.roe" (PA-170)
      And the username of "jane" is "jane.roe" (PA-172)

    @PA-171 @PA-173
    Scenario: Others with the same part before the domain
      Given "jane" has the email "jane.roe@example.com" at the proxy
      And "janet" has the email "jane.roe@example.net" at the proxy
      And "janis" has the email "jane.roe@example.org" at the proxy
      When "jane" signs in
      And "janet" signs in
      And "janis" signs in
      Then the username of "jane" is "jane.roe" (PA-171)
      And the username of "janet" is "jane.roe" and a number (PA-171)
      And the username of "janis" is "jane.roe" and a number (PA-171)
      And one account has the username of "jane" (PA-173)
      And one account has the username of "janet" (PA-173)
      And one account has the username of "janis" (PA-173)

    @PA-173
    Scenario: Somebody whom the API has created has the name already
      Given the administrator has created an account for "jane"
      And "janet" has the email "jane@example.com" at the proxy
      When "janet" signs in
      Then the username of "janet" is "jane" and a number
      And one account has the username of "jane"

    @PA-173
    Scenario: Somebody whom the API creates cannot have a name that was generated
      Given "jane" has signed in
      And the administrator has created an account for "bob"
      And "janet" has the username "jane" at the proxy
      When the administrator creates an account for "janet"
      Then the creation is refused
      And one account has the username of "jane"

    @PA-174
    Scenario: The address changes later
      Given "jane" has signed in
      And "jane" has the email "jane.doe@example.com" at the proxy
      When "jane" signs in again
      Then "jane" has the same account as before
      And the email of "jane" is "jane.doe@example.com"
      And the username of "jane" is "jane"

  Rule: A generated username can be edited

    Background:
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.EmailHeader    | X-Auth-Email    |

    @PA-175
    Scenario: By the user
      Given "jane" has signed in
      When "jane" changes her username to "calamity"
      Then the username of "jane" is "calamity"

    @PA-176
    Scenario: By an administrator
      Given "jane" has signed in
      When the administrator changes the username of "jane" to "calamity"
      Then the username of "jane" is "calamity"

    @PA-177
    Scenario: Not to one that is in use
      Given "bob" has signed in
      And "jane" has signed in
      And "jane" has changed her username to "calamity"
      When "jane" changes her username to "bob"
      Then the change is refused
      And the username of "jane" is "calamity"

    @PA-177
    Scenario: Nor by an administrator to one that is in use
      Given "bob" has signed in
      And "jane" has signed in
      And the administrator has changed the username of "jane" to "calamity"
      When the administrator changes the username of "jane" to "bob"
      Then the change is refused
      And the username of "jane" is "calamity"

    @PA-178
    Scenario: The next sign-in leaves it alone
      Given "jane" has signed in
      And "jane" has changed her username to "calamity"
      When "jane" signs in again
      Then "jane" has the same account as before
      And the username of "jane" is "calamity"

  Rule: The server is told where usernames come from

    @PA-165 @direct
    Scenario: From nowhere
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.EmailHeader    | X-Auth-Email    |
      When a server is started with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
      Then it refuses to start
      And it says what is wrong with "ProxyAuth.UniqueIdHeader"

    @PA-166 @PA-167 @PA-168 @direct
    Scenario: From one header or from two
      When a server is started with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.UsernameHeader | X-Auth-Username |
      Then it starts (PA-166)
      When a server is started with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.EmailHeader    | X-Auth-Email    |
      Then it starts (PA-167)
      When a server is started with:
        | ProxyAuth.UniqueIdHeader  | X-Auth-Uniqueid  |
        | ProxyAuth.UsernameHeader  | X-Auth-Username  |
        | ProxyAuth.FirstNameHeader | X-Auth-Firstname |
        | ProxyAuth.LastNameHeader  | X-Auth-Lastname  |
        | ProxyAuth.EmailHeader     | X-Auth-Email     |
      Then it starts (PA-168)

    @PA-167
    Scenario: From the email header
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.EmailHeader    | X-Auth-Email    |
      When "jane" signs in
      Then the username of "jane" is "jane"
      And the email of "jane" is "jane@example.com"

    @PA-166
    Scenario: From the username header
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.UsernameHeader | X-Auth-Username |
      And "jane" has the username "calamity" at the proxy
      When "jane" signs in
      Then the username of "jane" is "calamity"

    @PA-168
    Scenario: From the username header beside the email header
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader  | X-Auth-Uniqueid  |
        | ProxyAuth.UsernameHeader  | X-Auth-Username  |
        | ProxyAuth.FirstNameHeader | X-Auth-Firstname |
        | ProxyAuth.LastNameHeader  | X-Auth-Lastname  |
        | ProxyAuth.EmailHeader     | X-Auth-Email     |
      And "jane" has the username "calamity" at the proxy
      When "jane" signs in
      Then the username of "jane" is "calamity"
      And the email of "jane" is "jane@example.com"
